#!lua
-- load: the cells of some campaigns.
--
-- KEYS  one hash of cells each
-- reply for each key its fields and values as HGETALL gives them, or false where it is no hash
local reply = {}
for i = 1, #KEYS do
  local cells = redis.pcall('HGETALL', KEYS[i])
  reply[i] = not cells.err and cells or false
end
return reply

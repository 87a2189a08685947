#!lua
-- publish: writes reader keys of one campaign whole, each only over a lower rev.
--
-- KEYS  the reader keys
-- ARGV  1 rev, then for each key: number of fields (0 deletes the key), then that many names and values, rev among them
-- reply for each key 1 written, 0 it has this rev or a higher one
local rev = tonumber(ARGV[1])
local reply = {}
local at = 2
for i = 1, #KEYS do
  local n = tonumber(ARGV[at])
  local stored = redis.pcall('HGET', KEYS[i], 'rev')
  if type(stored) == 'string' and (tonumber(stored) or 0) >= rev then
    reply[i] = 0
  else
    redis.call('DEL', KEYS[i])
    if n > 0 then redis.call('HSET', KEYS[i], unpack(ARGV, at + 1, at + 2 * n)) end
    reply[i] = 1
  end
  at = at + 1 + 2 * n
end
return reply

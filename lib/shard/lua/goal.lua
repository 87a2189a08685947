#!lua
-- goal: changes of goal states, each compared and set together with the alert that it makes due.
--
-- KEYS  1 goals, 2 outbox
-- ARGV  for each change: field, the bytes that it replaces ('' none), the new bytes ('' removes the field),
--       number N of words, then the N words of the alert's outbox entry (names and values; 0: no alert)
-- reply for each change 1, or the bytes that stand there instead ('' none): nothing was done then
redis.call('XLEN', KEYS[2]) -- an outbox of a foreign type ends it here, before a state changes without its alert
local reply = {}
local at = 1
while at <= #ARGV do
  local field, old, new, n = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local current = redis.call('HGET', KEYS[1], field) or ''
  if current ~= old then
    reply[#reply + 1] = current
  else
    if new == '' then
      redis.call('HDEL', KEYS[1], field)
    else
      redis.call('HSET', KEYS[1], field, new)
    end
    if n > 0 then redis.call('XADD', KEYS[2], '*', unpack(ARGV, at + 4, at + 3 + n)) end
    reply[#reply + 1] = 1
  end
  at = at + 4 + n
end
return reply

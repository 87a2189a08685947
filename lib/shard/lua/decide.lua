#!lua
-- decide: passes one range of orders lanes in an order shard, once, and stores what the ledger says of orders then: if
-- nobody has changed their records since they were read.
--
-- KEYS  1 vec, 2 orders, 3 expiry
-- ARGV  1 lanes as in apply, 2 event time before which records are forgotten, then for each record that changes:
--       order id, its bytes as read ('' none), its new bytes, its newest event time (decimal ms)
-- reply {'ok', how many records were old, then pairs: order id, record of refunds that are as old and whose order never
--       came; they are not forgotten}. At most 100 are looked at.
--       {'refused', vec} | {'changed'} | {'lost'}
local vec = redis.call('GET', KEYS[1])
if not vec then return {'lost'} end
local lanes = ARGV[1]
for i = 1, #lanes, 28 do
  local at = struct.unpack('>I4', lanes, i) * 16
  if vec:sub(at + 1, at + 8) ~= lanes:sub(i + 4, i + 11) then return {'refused', vec} end
end
for i = 3, #ARGV, 4 do
  if (redis.call('HGET', KEYS[2], ARGV[i]) or '') ~= ARGV[i + 1] then return {'changed'} end
end
for i = 3, #ARGV, 4 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
  redis.call('ZADD', KEYS[3], ARGV[i + 3], ARGV[i])
end
local old = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. ARGV[2], 'LIMIT', 0, 100)
local reply = {'ok', #old}
for _, id in ipairs(old) do
  local record = redis.call('HGET', KEYS[2], id)
  if record and record:byte(2) and record:byte(2) % 2 == 0 then
    reply[#reply + 1] = id
    reply[#reply + 1] = record
  else
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
  end
end
for i = 1, #lanes, 28 do
  redis.call('SETRANGE', KEYS[1], struct.unpack('>I4', lanes, i) * 16, lanes:sub(i + 12, i + 27))
end
return reply

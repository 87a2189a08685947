#!lua
-- decide: passes one range of orders lanes in an order shard, once, and says of each order whether it is the first
-- with its id. Asking again about orders that the shard has passed gives the first answer again.
--
-- KEYS  1 vec, 2 orders, 3 expiry
-- ARGV  1 lanes as in apply, 2 event time before which ids are forgotten, then triples:
--       order id, its position (lane u32, offset i64), its event time (decimal ms)
-- reply {'ok', 1 first | 0 repeat ...} | {'refused', vec} | {'lost'}
local vec = redis.call('GET', KEYS[1])
if not vec then return {'lost'} end
local lanes = ARGV[1]
for i = 1, #lanes, 28 do
  local at = struct.unpack('>I4', lanes, i) * 16
  if vec:sub(at + 1, at + 8) ~= lanes:sub(i + 4, i + 11) then return {'refused', vec} end
end
local reply = {'ok'}
for i = 3, #ARGV, 3 do
  local id, position = ARGV[i], ARGV[i + 1]
  local seen = redis.call('HGET', KEYS[2], id)
  local first = not seen or seen == position or (seen:sub(1, 4) == position:sub(1, 4) and position < seen)
  if first and seen ~= position then
    redis.call('HSET', KEYS[2], id, position)
    redis.call('ZADD', KEYS[3], ARGV[i + 2], id)
  end
  reply[#reply + 1] = first and 1 or 0
end
local old = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. ARGV[2], 'LIMIT', 0, 100)
if #old > 0 then
  redis.call('HDEL', KEYS[2], unpack(old))
  redis.call('ZREM', KEYS[3], unpack(old))
end
for i = 1, #lanes, 28 do
  redis.call('SETRANGE', KEYS[1], struct.unpack('>I4', lanes, i) * 16, lanes:sub(i + 12, i + 27))
end
return reply

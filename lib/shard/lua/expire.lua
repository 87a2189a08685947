#!lua
-- expire: forgets a record of refunds whose order never came, once, and counts them as refused (unknown_order).
--
-- KEYS  1 orders, 2 expiry, 3 refused
-- ARGV  1 order id, 2 the record's bytes, then pairs: lane (decimal) and how many refunds came by it
-- reply 1, or 0 where the record is not so any more: nothing was done then
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
for i = 3, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1])
end
return 1

#!lua
-- set_lane: changes what the lane registry says of a partition, if it still says what the caller has read.
--
-- KEYS  1 lane registry
-- ARGV  1 TOPIC:PARTITION, 2 the text that was read, 3 the new one
-- reply 1 changed, 0 somebody else has changed it
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1

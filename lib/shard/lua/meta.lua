#!lua
-- meta: writes what is fixed at the first start, if nothing is there, and gives what is there.
--
-- KEYS  1 PREFIX~meta
-- ARGV  field, value, ...
-- reply HGETALL of the key
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], unpack(ARGV)) end
return redis.call('HGETALL', KEYS[1])

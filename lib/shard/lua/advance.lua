#!lua
-- advance: begins a new generation, if nobody else did.
--
-- KEYS  1 PREFIX~meta
-- ARGV  1 the generation that is left, 2 the one that begins, then field, value, ... that change with it
-- reply the generation in force
if redis.call('HGET', KEYS[1], 'generation') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'generation', ARGV[2], unpack(ARGV, 3))
end
return redis.call('HGET', KEYS[1], 'generation')

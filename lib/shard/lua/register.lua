#!lua
-- register: gives a partition its number and start offset, once and for all processes.
--
-- KEYS  1 lane registry
-- ARGV  1 TOPIC:PARTITION, 2 start offset (decimal), 3 the rules in force, '' to look only
-- reply the registry's text "INDEX START STATE RULES" of the partition, or false where it is not registered
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known or ARGV[3] == '' then return known end
local entry = redis.call('HLEN', KEYS[1]) .. ' ' .. ARGV[2] .. ' new ' .. ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], entry)
return entry

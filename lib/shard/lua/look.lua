#!lua
-- look: one atomic look at a user shard: where it stands, and what it holds of some identities.
--
-- KEYS  1 vec, 2 touches
-- ARGV  the identities
-- reply {vec, record...}   a record is false where there is none
--       {false}            the shard has no vector
local vec = redis.call('GET', KEYS[1])
if not vec then return {false} end
-- Lua's stack takes some thousands of arguments a call.
local CHUNK = 1000
local reply = {vec}
for i = 1, #ARGV, CHUNK do
  local records = redis.call('HMGET', KEYS[2], unpack(ARGV, i, math.min(i + CHUNK - 1, #ARGV)))
  for k = 1, #records do reply[i + k] = records[k] end
end
return reply

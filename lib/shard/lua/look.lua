#!lua
-- look: one atomic look at a user shard: where it stands, and what it holds of some identities.
--
-- KEYS  1 vec, 2 touches
-- ARGV  the identities
-- reply {vec, record...}   a record is false where there is none
--       {false}            the shard has no vector
local vec = redis.call('GET', KEYS[1])
if not vec then return {false} end
local reply = redis.call('HMGET', KEYS[2], unpack(ARGV))
table.insert(reply, 1, vec)
return reply

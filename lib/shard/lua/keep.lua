#!lua
-- keep: passes one range of lanes in a user shard, once, and stores what it holds of some identities then: if nobody has
-- changed their records since they were read.
--
-- KEYS  1 vec, 2 touches
-- ARGV  1 lanes as in apply ('' none), then for each record that changes: identity, its bytes as read ('' none), its new
--       bytes ('' removes it)
-- reply {'ok'} | {'refused', vec} | {'changed'} | {'lost'}
local vec = redis.call('GET', KEYS[1])
if not vec then return {'lost'} end
local lanes = ARGV[1]
for i = 1, #lanes, 28 do
  local at = struct.unpack('>I4', lanes, i) * 16
  if vec:sub(at + 1, at + 8) ~= lanes:sub(i + 4, i + 11) then return {'refused', vec} end
end
for i = 2, #ARGV, 3 do
  if (redis.call('HGET', KEYS[2], ARGV[i]) or '') ~= ARGV[i + 1] then return {'changed'} end
end
for i = 2, #ARGV, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
  end
end
for i = 1, #lanes, 28 do
  redis.call('SETRANGE', KEYS[1], struct.unpack('>I4', lanes, i) * 16, lanes:sub(i + 12, i + 27))
end
return {'ok'}

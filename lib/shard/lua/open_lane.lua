#!lua
-- open_lane: gives the shard's vector an entry for both lanes of a partition, where it has none.
--
-- KEYS  1 vec, 2 journal ('' part of an order shard is its expiry index, then ARGV 3 is 0)
-- ARGV  1 first lane's number, 2 entries (32 bytes), 3 '1' where the shard keeps a journal
-- reply 1 set, 0 known before
local at = tonumber(ARGV[1]) * 16
local vec = redis.call('GET', KEYS[1]) or ''
local unset = '\255\255\255\255\255\255\255\255'
if #vec < at then
  redis.call('SETRANGE', KEYS[1], #vec, string.rep(unset .. string.rep('\0', 8), (at - #vec) / 16))
  vec = redis.call('GET', KEYS[1])
end
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('XADD', KEYS[2], '*', 'c', '', 'v', '')
end
local known = vec:sub(at + 1, at + 8)
if #known == 8 and known ~= unset then return 0 end
redis.call('SETRANGE', KEYS[1], at, ARGV[2])
return 1

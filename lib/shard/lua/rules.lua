#!lua
-- rules: stores the text of a version of the counting rules, or removes one that nobody has stored again.
--
-- KEYS  1 texts of rules
-- ARGV  1 "put" or "drop", 2 version, 3 put: the text; drop: the entry as it was read
-- reply 1 done, 0 the entry is another one by now
local entry = redis.call('HGET', KEYS[1], ARGV[2])
if ARGV[1] == 'drop' then
  if entry ~= ARGV[3] then return 0 end
  redis.call('HDEL', KEYS[1], ARGV[2])
  return 1
end
local times = tonumber(entry and string.match(entry, '^%d+') or '0') + 1
redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f ', times) .. ARGV[3])
return 1

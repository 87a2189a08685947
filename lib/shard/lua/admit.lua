#!lua
-- admit: which campaigns does this shard count under their own name?
--
-- KEYS  1 campaigns
-- ARGV  1 how many this shard may admit, then pairs: campaign, '1' where it is configured (always admitted)
-- reply one 1 (its own name) or 0 ((overflow)) for each pair
local limit = tonumber(ARGV[1])
local count = redis.call('HLEN', KEYS[1])
local reply = {}
for i = 2, #ARGV, 2 do
  local verdict = 1
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then
    if ARGV[i + 1] == '1' or count < limit then
      redis.call('HSET', KEYS[1], ARGV[i], '1')
      count = count + 1
    else
      verdict = 0
    end
  end
  reply[#reply + 1] = verdict
end
return reply

#!lua
-- read: one atomic look at a campaign shard by its evaluator: where it stands, what changed since, which alerts wait.
--
-- KEYS  1 vec, 2 journal, 3 rev, 4 outbox
-- ARGV  1 last journal id that the caller has, '' to begin, 2 how many waiting alerts to give at most
-- reply {rev, vec, tip, reload, entries, alerts}
--       rev      grows with every read; 0 where there is no vector
--       vec      false where the shard has none: then nothing else is looked at
--       tip      the newest journal id, '' without any
--       reload   1 where the caller's id is gone: its picture has a gap, or the shard went back; entries are empty
--       entries  those after the caller's id, as XRANGE gives them; none to begin with
--       alerts   the oldest entries of the outbox, as XRANGE gives them
local vec = redis.call('GET', KEYS[1])
if not vec then return {0, false, '', 1, {}, {}} end
local rev = redis.call('INCR', KEYS[3])
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local tip = newest[1] and newest[1][1] or ''
local reload, entries = 0, {}
if ARGV[1] ~= '' then
  if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then
    reload = 1
  else
    entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+')
  end
end
local alerts = redis.call('XRANGE', KEYS[4], '-', '+', 'COUNT', ARGV[2])
return {rev, vec, tip, reload, entries, alerts}

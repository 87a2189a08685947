#!lua
-- apply: adds one range of lanes to a campaign shard, once. Or changes nothing, if the shard does not stand exactly
-- at the start of every lane's range.
--
-- KEYS  1 vec, 2 scratch, 3 journal, 4.. one hash a group of cells
-- ARGV  1 lanes: 28 bytes each: lane u32, from i64, to i64, newest i64
--       2 groups: 4 bytes each: fields u16, columns u16 (the order of KEYS 4..)
--       3 journal field c, or '' for no journal entry
--       4 number of fields N
--       5 .. 4+N the fields (slice starts, lanes) of all groups one after the other. A group of 0 columns holds records
--         of spend, which are set: each field is 24 bytes of value, then the hash field's name
--       then triples for BITFIELD: '#COLUMN' 'DELTA' 'FIELD NUMBER' with COLUMN counted over all fields before it
--       (where a key has a foreign type, the entry has the one field r: read the shard again)
-- reply {'ok', aside...}   aside: keys of groups that were left alone (foreign type, or a counter beyond 64 bits), and
--                          of each record of spend beyond the bound
--       {'refused', vec}   somebody else stands elsewhere
--       {'lost'}           the shard has no vector
local vec = redis.call('GET', KEYS[1])
if not vec then return {'lost'} end
local lanes = ARGV[1]
for i = 1, #lanes, 28 do
  local at = struct.unpack('>I4', lanes, i) * 16
  if vec:sub(at + 1, at + 8) ~= lanes:sub(i + 4, i + 11) then return {'refused', vec} end
end

-- Lua's stack takes some thousands of arguments a call.
local CHUNK = 1000
-- Records of spend of a campaign: each is read whole with every change.
local SPEND_MOST = 20000

-- Validate: read the cells, add in a scratch string, look for what does not fit.
local n_fields = tonumber(ARGV[4])
local n_groups = #KEYS - 3
local first, count, aside, group_of = {}, {}, {}, {}
local foreign = false
local old, width = {}, {}
local room = {}
local field = 5
for g = 1, n_groups do
  local n, columns = struct.unpack('>I2I2', ARGV[2], g * 4 - 3)
  first[g], count[g] = field, n
  local values
  if columns == 0 then
    local size = redis.pcall('HLEN', KEYS[3 + g])
    if type(size) == 'table' then aside[g], foreign = true, true else room[g] = SPEND_MOST - size end
    for i = 1, n do old[field - 5 + i], width[field - 5 + i] = '', 0 end
  end
  for i = 1, columns > 0 and n or 0 do
    local place = (i - 1) % CHUNK + 1
    if place == 1 then
      values = redis.pcall('HMGET', KEYS[3 + g], unpack(ARGV, field + i - 1, field + math.min(i + CHUNK - 2, n - 1)))
      if values.err then aside[g], foreign = true, true; values = {} end
    end
    local value = values[place] or ''
    local k = field - 5 + i
    old[k] = value .. string.rep('\0', columns * 8 - #value)
    width[k], group_of[k] = columns * 8, g
  end
  field = field + n
end
if n_fields > 0 then
  redis.call('SET', KEYS[2], table.concat(old))
  local at = 5 + n_fields
  while at <= #ARGV do
    local ops, owner = {'OVERFLOW', 'FAIL'}, {}
    local last = math.min(at + 3 * CHUNK - 1, #ARGV)
    for i = at, last, 3 do
      ops[#ops + 1] = 'INCRBY'
      ops[#ops + 1] = 'i64'
      ops[#ops + 1] = ARGV[i]
      ops[#ops + 1] = ARGV[i + 1]
      owner[#owner + 1] = tonumber(ARGV[i + 2])
    end
    local results = redis.call('BITFIELD', KEYS[2], unpack(ops))
    for i = 1, #owner do
      if not results[i] then aside[group_of[owner[i]]] = true end
    end
    at = last + 1
  end
end

-- The records of a campaign's spend, which is a hash for certain. There is always room for one that is there already.
local function set_spend(key, from, to, left, reply)
  for i = from, to do
    local name = ARGV[i]:sub(25)
    if left > 0 or redis.call('HEXISTS', key, name) == 1 then
      left = left - redis.call('HSET', key, name, ARGV[i]:sub(1, 24))
    else
      reply[#reply + 1] = key
    end
  end
end

-- Write: cells, the journal, the offsets last.
local reply = {'ok'}
if n_fields > 0 then
  local sums = redis.call('GET', KEYS[2])
  local position, k = 1, 1
  local journal = {}
  for g = 1, n_groups do
    local pairs_ = {}
    if room[g] then set_spend(KEYS[3 + g], first[g], first[g] + count[g] - 1, room[g], reply) end
    for i = 0, count[g] - 1 do
      local value = aside[g] and old[k] or sums:sub(position, position + width[k] - 1)
      journal[k] = value
      pairs_[#pairs_ + 1] = ARGV[first[g] + i]
      pairs_[#pairs_ + 1] = (value:gsub('%z+$', ''))
      position, k = position + width[k], k + 1
      if not aside[g] and not room[g] and (#pairs_ == 2 * CHUNK or i == count[g] - 1) then
        redis.call('HSET', KEYS[3 + g], unpack(pairs_))
        pairs_ = {}
      end
    end
    if aside[g] then reply[#reply + 1] = KEYS[3 + g] end
  end
  redis.call('DEL', KEYS[2])
  -- Cells are written by now, so nothing may stop the offsets: a journal of a foreign type stays as it is, and the
  -- evaluator, who cannot read it, says so.
  if foreign then
    redis.pcall('XADD', KEYS[3], 'MAXLEN', '64', '*', 'r', '1')
  elseif ARGV[3] ~= '' then
    redis.pcall('XADD', KEYS[3], 'MAXLEN', '64', '*', 'c', ARGV[3], 'v', table.concat(journal))
  end
end
for i = 1, #lanes, 28 do
  redis.call('SETRANGE', KEYS[1], struct.unpack('>I4', lanes, i) * 16, lanes:sub(i + 12, i + 27))
end
return reply

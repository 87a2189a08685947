#!lua flags=no-writes
-- rights: which of the rights that are asked for the caller's user lacks. Looks at no key.
--
-- Each command is asked about with all its arguments: with fewer, Redis 7.0 reads beyond them and dies.
--
-- KEYS  none
-- ARGV  1 prefix, 2 the rest: KIND COMMAND words ..., where KIND is r or w (reads or writes its key), p (a channel) or -, a
--       word K stands for a key, and C for the channel of alerts
-- reply what is missing, in the words of ACL SETUSER; empty where nothing is. Where a user may do nothing to its keys, or
--       to the channel, it is not known whether that or the commands are missing: then both are given
local prefix = ARGV[1]
local missing, lacking, asked, allowed = {}, {}, {}, {}
local function may(words, key)
  local filled = {}
  for i, word in ipairs(words) do
    filled[i] = word == 'K' and prefix .. key or word == 'C' and prefix .. 'alerts' or word
  end
  return redis.acl_check_cmd(unpack(filled))
end
for i = 2, #ARGV do
  local words = {}
  for word in ARGV[i]:gmatch('%S+') do words[#words + 1] = word end
  local kind = table.remove(words, 1)
  asked[kind] = true
  if may(words, '~meta') then
    allowed[kind] = true
    -- The same for keys of other kinds, which a narrower pattern may leave out.
    if not may(words, 'campaigns') or not may(words, '{c}:total') then lacking.keys = true end
  else
    lacking[#lacking + 1] = '+' .. (words[1] == 'script' and words[1] .. '|' .. words[2] or words[1])
  end
end
if lacking.keys or asked.r and not allowed.r or asked.w and not allowed.w then missing[1] = '~' .. prefix .. '*' end
if asked.p and not allowed.p then missing[#missing + 1] = '&' .. prefix .. 'alerts' end
for _, right in ipairs(lacking) do missing[#missing + 1] = right end
return missing

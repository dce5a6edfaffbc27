-- KEYS: roster_draft, roster_drafts. ARGV: draft, rev that is known (0: a new one), lifetime (ms), most drafts, then
-- field, value pairs. The new rev; 0: it has changed since, or is gone; -1: there are as many drafts as may be.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now - tonumber(ARGV[3])))
local rev = tonumber(redis.call('HGET', KEYS[1], 'rev') or '0')
if rev ~= tonumber(ARGV[2]) then
  return 0
end
if rev == 0 and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then
  return -1
end
redis.call('HSET', KEYS[1], 'rev', int(rev + 1), 'changed_ms', int(now))
for i = 5, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], int(now), ARGV[1])
return rev + 1

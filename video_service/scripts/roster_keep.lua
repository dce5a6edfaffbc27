-- KEYS: roster_draft, roster_drafts, roster_job. ARGV: draft, rev that is known (0: a new one), lifetime (ms), most drafts,
-- who may write while a roster is made ("" nobody, else the job's id), then field, value pairs.
-- The new rev; 0: it has changed since, or is gone; -1: there are as many drafts as may be; -2: a roster is being made.
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
local job = redis.call('HMGET', KEYS[3], 'job', 'until_ms')
if job[1] and tonumber(job[2]) > now and job[1] ~= ARGV[5] then
  return -2
end
redis.call('HSET', KEYS[1], 'rev', int(rev + 1), 'changed_ms', int(now))
for i = 6, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], int(now), ARGV[1])
return rev + 1

-- KEYS: plan_job, plan_running. ARGV: job, owner, lease (ms; 0: the work is over), then field, value pairs.
-- 1: somebody asked it to end; 0: it goes on; -1: it is not this owner's any more, and nothing was written.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if redis.call('GET', KEYS[2]) ~= ARGV[1] .. ' ' .. ARGV[2] then
  return -1
end
redis.call('HSET', KEYS[1], 'changed_ms', string.format('%.0f', now))
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
if tonumber(ARGV[3]) == 0 then
  redis.call('DEL', KEYS[2])
else
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return tonumber(redis.call('HGET', KEYS[1], 'cancel') or '0')

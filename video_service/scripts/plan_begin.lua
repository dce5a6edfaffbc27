-- KEYS: plan_job, plan_running, plan_last. ARGV: job, lease (ms), lifetime (ms), then field, value pairs. One job at a time
-- in a pool; the same input is the same job. It belongs to nobody until plan_take gives it to a process.
-- {"started"}; {"running", job} for another that runs; {"known", state} for one that runs or has its result.
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local running = redis.call('GET', KEYS[2])
if running then
  local job = string.match(running, '^(%S+)')
  if job == ARGV[1] then
    return { 'known', 'running' }
  end
  return { 'running', job }
end
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'done' then
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[3])
  return { 'known', state }
end
-- One whose process is gone without a word goes on as it is: what it had found and how often it was lost still count.
if state ~= 'running' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'job', ARGV[1], 'state', 'running', 'attempts', 0, 'started_ms', now, 'phase', 'queue')
end
redis.call('HSET', KEYS[1], 'changed_ms', now, 'cancel', 0)
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1] .. ' -', 'PX', ARGV[2])
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[3])
return { 'started' }

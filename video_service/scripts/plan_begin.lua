-- KEYS: plan_job, plan_running, plan_last. ARGV: job, owner, lease (ms), lifetime (ms), most attempts, then field, value
-- pairs. One job at a time in a pool; the same input is the same job.
-- {"started", attempts}; {"running", job} for another that runs; {"known", state} for one that runs or has its result;
-- {"gave_up", attempts} for one whose processes were lost that often.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
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
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[4])
  return { 'known', state }
end
-- Its node is gone without a word: it is begun anew, but not for ever.
local attempts = 1
if state == 'running' then
  attempts = tonumber(redis.call('HGET', KEYS[1], 'attempts') or '0') + 1
end
if attempts > tonumber(ARGV[5]) then
  redis.call('HSET', KEYS[1], 'state', 'failed', 'error', 'plan_lost', 'changed_ms', int(now))
  return { 'gave_up', attempts }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'job', ARGV[1], 'state', 'running', 'attempts', attempts,
  'started_ms', int(now), 'changed_ms', int(now))
for i = 6, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[4])
return { 'started', attempts }

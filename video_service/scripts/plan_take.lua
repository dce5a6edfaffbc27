-- KEYS: plan_job, plan_running. ARGV: job, owner, lease (ms), most attempts. Gives a job to the process that asks for it.
-- "taken"; "over": there is nothing to do; "busy": another process has this job, or another job runs. Taken, too, but to be
-- brought to its end with what is known: "stopped", somebody asked it to end; "lost", its processes were lost that often.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then
  return 'over'
end
local running = redis.call('GET', KEYS[2])
if running and running ~= ARGV[1] .. ' -' then
  return 'busy'
end
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('HSET', KEYS[1], 'changed_ms', string.format('%.0f', now))
if redis.call('HGET', KEYS[1], 'cancel') == '1' then
  return 'stopped'
end
if redis.call('HINCRBY', KEYS[1], 'attempts', 1) > tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'attempts', ARGV[4])
  return 'lost'
end
return 'taken'

-- ARGV: now. Looks over a slice of the open calls for what no deadline covers, which only lost data can leave behind,
-- and trims the indexes of what has passed its retention.
local SLICE = 100
local repaired, failures = 0, 0
local past = '(' .. int(NOW - POLICY.retention_ms)
for _, index in ipairs({'records', 'rollups', 'shifts'}) do
  redis.call('ZREMRANGEBYSCORE', key(index), '-inf', past)
end

-- A promise goes with the record of its call.
local at = num(redis.call('HGET', key('clock'), 'tidy_follow_ups'))
local promises = redis.call('ZRANGE', key('follow_ups'), at, at + SLICE - 1)
redis.call('HSET', key('clock'), 'tidy_follow_ups', #promises < SLICE and 0 or int(at + SLICE))
for _, id in ipairs(promises) do
  if redis.call('EXISTS', key('record', id)) == 0 then
    redis.call('ZREM', key('follow_ups'), id)
  end
end

local function repair(id, index)
  local call = get('call', id)
  if not call or call.phase == 'closed' then
    redis.call('ZREM', key(index), id)
    return true
  end
  local customer = get('person', call.customer)
  local here = customer and customer.present == '1' and customer.call == id
  local kept = redis.call('ZSCORE', key('deadlines'), 'keep_place:' .. id)
    or redis.call('ZSCORE', key('deadlines'), 'customer_return:' .. id)
  local call_agent = call.agent
  local agent = call.agent ~= '' and get('agent', call.agent)
  local served = agent and agent.call == id
  if not here and not kept then
    if call.agent ~= '' and not served then
      put('call', id, {agent = ''})
    end
    close_call(id, 'customer_lost')
    return true
  end
  if call.phase == 'ringing' and not (served and redis.call('ZSCORE', key('deadlines'), 'ring:' .. id)) then
    if served then
      take_back(id, 'release', 'release', 'withdrawn')
    else
      step('call', id, 'release')
      put('call', id, {agent = '', ring_until_ms = 0})
    end
    match({id}, {served and call_agent or nil})
    return true
  end
  local bucket = call.queue .. ':' .. call.needs
  if call.phase == 'queued' and redis.call('SISMEMBER', key('stranded'), call.class .. ':' .. bucket) == 1
    and not redis.call('ZSCORE', key('deadlines'), 'nobody:' .. id) then
    arm('nobody', id, NOW + DELAY.nobody)
    return true
  end
  if STATE_OF[call.phase] == 'active' and not served then
    requeue(id, 'agent_lost')
    match({id}, {})
    return true
  end
  return false
end

for _, index in ipairs({'line', 'active'}) do
  local at = num(redis.call('HGET', key('clock'), 'tidy_' .. index))
  local slice = redis.call('ZRANGE', key(index), at, at + SLICE - 1)
  redis.call('HSET', key('clock'), 'tidy_' .. index, #slice < SLICE and 0 or int(at + SLICE))
  for _, id in ipairs(slice) do
    local readable, changed = pcall(repair, id, index)
    if not readable then
      failures = failures + 1
    elseif changed then
      repaired = repaired + 1
    end
  end
end
if repaired > 0 then
  redis.call('HINCRBY', key('metrics'), 'repairs', repaired)
end
if failures > 0 then
  redis.call('HINCRBY', key('metrics'), 'tidy_failures', failures)
end
return done({repaired = repaired})

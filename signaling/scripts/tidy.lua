-- ARGV: now, whether the line is open ('1' or '0'; '' where the caller does not know). Looks over a slice of the open
-- calls for what no deadline covers, which only lost data can leave behind, trims the indexes of what has passed its
-- retention, and marks the quarter of this minute as looked at, and as open.
local SLICE = 100
local MARK_MS, MARKS_A_DAY = 15000, 5760
local repaired, failures = 0, 0
for index, kept_ms in pairs({
  records = POLICY.retention_ms, shifts = POLICY.retention_ms, rollups = POLICY.rollup_retention_ms,
}) do
  redis.call('ZREMRANGEBYSCORE', key(index), '-inf', '(' .. int(NOW - kept_ms))
end

-- Any node may mark, and any number of them: open is what one of them found open.
if ARGV[2] ~= '' then
  local mark = math.floor(NOW / MARK_MS)
  local day, at = int(math.floor(mark / MARKS_A_DAY)), 2 * (mark % MARKS_A_DAY)
  redis.call('SETBIT', key('open_time', day), int(at), 1)
  if ARGV[2] == '1' then
    redis.call('SETBIT', key('open_time', day), int(at + 1), 1)
  end
  redis.call('PEXPIRE', key('open_time', day), int(POLICY.rollup_retention_ms))
end

-- Nobody has said that it is solved, and nobody looks for it on the wall any more.
redis.call('ZREMRANGEBYSCORE', key('urgent_matters'), '-inf', int(NOW - 86400000))

-- A promise goes with the record of its call.
local at = num(redis.call('HGET', key('clock'), 'tidy_follow_ups'))
local promises = redis.call('ZRANGE', key('follow_ups'), at, at + SLICE - 1)
redis.call('HSET', key('clock'), 'tidy_follow_ups', #promises < SLICE and 0 or int(at + SLICE))
for _, id in ipairs(promises) do
  local record = get('record', id)
  if not record then
    redis.call('ZREM', key('follow_ups'), id)
    redis.call('ZREM', key('promise_care'), id)
    clear('promise', id)
  elseif (record.follow_up_owner or '') ~= '' then
    -- What an earlier version promised has no list of its owner, and no deadline.
    redis.call('ZADD', key('promises_of', record.follow_up_owner), record.follow_up_due_ms, id)
    if num(record.promise_late_ms) == 0 then
      arm_once('promise', id, num(record.follow_up_due_ms))
    end
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
  if call.phase == 'queued' and redis.call('SISMEMBER', key('stranded'), counts_as(call) .. ':' .. bucket) == 1
    and (call.held_for or '') == '' and not redis.call('ZSCORE', key('deadlines'), 'nobody:' .. id) then
    arm('nobody', id, NOW + DELAY.nobody)
    return true
  end
  local invited = (call.invited or '') ~= '' and get('agent', call.invited)
  if (call.invited or '') ~= '' and not (invited and invited.call == id) then
    put('call', id, {invited = '', invite_until_ms = 0})
    return true
  end
  for _, helper in ipairs(helpers_of(call)) do
    if (get('agent', helper) or {}).call ~= id then
      helper_goes(id, helper, 'agent_lost')
      return true
    end
  end
  local watcher = (call.watcher or '') ~= '' and get('person', call.watcher)
  if (call.watcher or '') ~= '' and not (watcher and watcher.present == '1' and watcher.watch == id) then
    WATCH.finish(id, 'gone')
    return true
  end
  if STATE_OF[call.phase] == 'active' and not served then
    match({id}, {requeue(id, 'agent_lost')})
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

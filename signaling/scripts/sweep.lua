-- ARGV: now. Handles what is due, oldest first, a bounded number at a time; any node may run it at any time.
local handlers = {}

function handlers.ring(id)
  local row = get('call', id)
  if not row or row.phase ~= 'ringing' then
    return
  end
  -- Who rests may be asked by an urgent call and need not see it: that is no miss, and is not asked again at once.
  local rests = must_rest(get('agent', row.agent) or {})
  if rests then
    redis.call('SADD', key('declined', id), row.agent)
    clear('ask_again', id)
  end
  local agent = take_back(id, 'release', 'release', 'missed')
  if not rests then
    add('agent', agent, 'missed', 1)
  end
  if num((get('agent', agent) or {}).missed) >= POLICY.missed_limit then
    pause(agent, 'missed')
  end
  match({id}, {agent})
end

-- Nobody came who was asked to come in: a miss as any other.
function handlers.invite(id)
  local row = get('call', id)
  if not row or (row.invited or '') == '' then
    return
  end
  local agent = take_back_invite(id, 'release', 'missed')
  add('agent', agent, 'missed', 1)
  if num((get('agent', agent) or {}).missed) >= POLICY.missed_limit then
    pause(agent, 'missed')
  end
  match({}, {agent})
end

-- The customer has not said whether the coordinator may look on, or be seen: no, and it may be asked again.
function handlers.watch(id)
  local row = get('call', id) or {}
  if row.watch_state == 'asked' then
    WATCH.finish(id, 'no_answer')
  elseif row.watch_picture == 'asked' then
    put('call', id, {watch_picture = 'unanswered', watch_until_ms = 0})
    WATCH.tell(id)
  end
end

local function lost(id)
  if get('call', id) then
    close_call(id, 'customer_lost')
  end
end
handlers.keep_place, handlers.customer_return = lost, lost

-- Whether an agent on shift covers the needs whom the customer has not left.
local function others(id, needs)
  return somebody(needs, get('call', id).class, function(agent) return not was_left(id, agent) end)
end

-- Nobody is left for a call: those who sign in another way take it, if there are any, or it is closed.
local function let_others(id, row)
  local fields, base = any_signing(row)
  if fields and others(id, base) then
    clear('nobody', id)
    clear('forsaken', id)
    enter_anew(id, fields)
    return match({id}, {})
  end
  close_call(id, 'closed')
end

function handlers.nobody(id)
  local row = get('call', id)
  if not row or row.phase ~= 'queued' then
    return
  end
  if agents_on(function(skills) return covers(skills, row.needs) end, row.class) == 0 then
    let_others(id, row)
  end
end

-- Everybody on shift who could take it has declined: all but those who were left are asked anew. Otherwise the look is
-- repeated; where only agents who were left cover the needs, not for ever.
function handlers.ask_again(id)
  local row = get('call', id)
  if not row or row.phase ~= 'queued' then
    return
  end
  local repeated = true
  if others(id, row.needs) then
    clear('forsaken', id)
    if not hope(id, row.needs) then
      redis.call('DEL', key('declined', id))
      repeated = redis.call('EXISTS', key('left', id)) == 1
      wake('person', row.customer)
      match({id}, {})
    end
  elseif redis.call('EXISTS', key('left', id)) == 1 then
    if not redis.call('ZSCORE', key('deadlines'), 'forsaken:' .. id) then
      arm('forsaken', id, NOW + DELAY.forsaken)
    end
  end
  if repeated then
    arm('ask_again', id, NOW + DELAY.ask_again)
  end
end

function handlers.age(id)
  local row = get('call', id)
  if row and row.phase == 'queued' then
    enter_anew(id)
    -- It may have been held for somebody who is no longer worth the wait.
    match({id}, {})
    wake('queue', row.queue)
  end
end

-- The customer's last agent did not get free in time: from here on it is anybody's.
function handlers.last_agent(id)
  local row = get('call', id)
  if row and row.phase == 'queued' and (row.held_for or '') ~= '' then
    enter_anew(id)
    match({id}, {})
  end
end

function handlers.forsaken(id)
  local row = get('call', id)
  if row and row.phase == 'queued' and not others(id, row.needs) then
    let_others(id, row)
  end
end

-- Half of the time has passed in which an urgent matter is to have a proposal, or to be solved: the wall says so.
local function escalate(what, field)
  return function(id)
    local record = get('record', id)
    if record and is_open_matter(id) and num(record[field]) == 0 then
      put('record', id, {escalated = what})
      wake('queue', '')
    end
  end
end
handlers.proposal, handlers.solution = escalate('proposal', 'proposed_ms'), escalate('solution', 'solved_ms')

handlers.promise = PROMISE.late

function handlers.call_back(customer)
  PROMISE.call_over(customer, 'missed')
end

function handlers.agent_return(agent)
  sign_out(agent, 'agent_lost')
end

-- An agent who waits for calls has had no leg for a while.
function handlers.no_picture(agent)
  local row = get('agent', agent)
  if not row or has_picture(agent) then
    return
  elseif row.state == 'reserved' then
    leave_ring(agent, 'no_picture')
  elseif row.state == 'available' then
    pause(agent, 'no_picture')
  end
end

local function over(state)
  return function(agent)
    local row = get('agent', agent)
    if row and row.state == state then
      settle(agent)
      match({}, {agent})
    end
  end
end
handlers.rest, handlers.after_call, handlers.break_over = over('rest'), over('after_call'), over('break')

-- A break that was asked for has waited long enough: it begins now, or after the call.
function handlers.break_wait(agent)
  local row = get('agent', agent)
  if not row or num(row.break_asked_ms) == 0 then
    return
  end
  if row.state == 'available' or row.state == 'rest' then
    pause(agent, 'asked')
  else
    forget_ask(agent)
    put('agent', agent, {break_wanted = 1})
    wake('person', agent)
    wake('queue', '')
  end
end

-- A new day: what was signed yesterday counts no more, also for who is on a break.
function handlers.day(agent)
  local row = get('agent', agent)
  if row and row.state ~= 'offline' then
    look_at_limit(agent)
    wake('person', agent)
    wake('queue', '')
  end
end

function handlers.shift(agent)
  if shifts_changed(agent) then
    match({}, {agent})
  end
end

-- One row that cannot be read (or a fault in one handler) costs the others nothing: it is looked at again in a while.
local RETRY_MS = 30000
local handled = 0

local function try(index, member, handler, id)
  if not pcall(handler, id) then
    redis.call('ZADD', key(index), int(NOW + RETRY_MS), member)
    redis.call('HINCRBY', key('metrics'), 'sweep_failures', 1)
  end
  handled = handled + 1
end

for _, person in ipairs(redis.call('ZRANGEBYSCORE', key('presence'), '-inf', int(NOW), 'LIMIT', 0, POLICY.sweep_batch)) do
  try('presence', person, gone, person)
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', key('deadlines'), '-inf', int(NOW), 'LIMIT', 0, POLICY.sweep_batch)) do
  -- An earlier one of this batch may have set it anew.
  local due = redis.call('ZSCORE', key('deadlines'), member)
  if due and num(due) <= NOW then
    local kind, id = member:match('^([a-z_]+):(.*)$')
    redis.call('ZREM', key('deadlines'), member)
    try('deadlines', member, handlers[kind], id)
  end
end
if handled == 0 then
  return cjson.encode({handled = 0})
end
return done({handled = handled})

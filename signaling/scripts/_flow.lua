-- Steps of several life cycles at once.

-- A ringing call is taken back from its agent; `how` is declined, missed, withdrawn (customer gone) or left (agent gone).
local COUNTED = {declined = 'declines', missed = 'misses'}

local function take_back(id, call_event, agent_event, how, why)
  local agent = get('call', id).agent
  step('call', id, call_event, {why = why})
  put('call', id, {agent = '', ring_until_ms = 0})
  if COUNTED[how] then
    add('record', id, COUNTED[how], 1)
  end
  if not get('agent', agent) then
    return agent
  end
  put('agent', agent, {call = ''})
  step('agent', agent, agent_event, {why = how})
  after_ring(agent)
  return agent
end

local function tell_call(id, agent)
  local row = get('call', id)
  local customer = get('person', row.customer) or {}
  wake('call', id, {
    epoch = num(row.epoch),
    worker = (get('person', agent) or {}).leg_worker or '',
    leg = customer.leg or '',
    leg_worker = customer.leg_worker or '',
  })
end

-- An agent's call is over, or goes on with somebody else (`why` says which): after-call work, and then the break if one
-- was asked for.
local function free_agent(agent, id, why)
  to_after_call(agent, id, why)
  tell_call(id, agent)
end

local WISHED = {another_signer = true, transferred = true}

-- A live call goes back to the line, before all but urgent ones; its agent is another matter. The customer's leg served this agent only:
-- with the next one the page makes another, on whichever worker that is. Returns who was asked to come in, and is free.
local function requeue(id, why)
  if get('call', id).class ~= 'urgent' then
    put('call', id, {class = 'resumed'})
  end
  step('call', id, 'requeue', {why = why})
  local customer = get('call', id).customer
  if get('person', customer) then
    put('person', customer, {leg_call = ''})
  end
  add('record', id, 'requeues', 1)
  put('call', id, {agent = '', requeued = WISHED[why] and why or 'agent_lost'})
  return drop_helpers(id, why)
end

-- Closes an open call, whatever its phase, and frees its agent.
local function close_call(id, why)
  local row = get('call', id)
  WATCH.finish(id, 'over')
  redis.call('DEL', key('coach', id))
  local agent, ringing = row.agent, row.agent ~= '' and row.phase == 'ringing'
  if ringing then
    take_back(id, 'close', 'release', 'withdrawn', why)
    return match({}, {agent})
  end
  if not step('call', id, 'close', {why = why}) then
    return
  end
  local asked = drop_helpers(id, why)
  if agent ~= '' then
    free_agent(agent, id, why)
  end
  match({}, {asked})
end

-- An agent gives back the call that rings and goes on break.
local function leave_ring(agent, why)
  local id = get('agent', agent).call
  if helps(agent, id) then
    take_back_invite(id, 'pause', 'left')
    return note_pause(agent, why)
  end
  take_back(id, 'release', 'pause', 'left')
  note_pause(agent, why)
  match({id}, {})
end

-- On break first: an agent says when.
local function sign_in(agent)
  if not get('agent', agent) then
    put('agent', agent, {
      state = 'offline', since_ms = NOW, idle_ms = NOW, call = '', after_call_of = '', missed = 0, break_wanted = 0,
      away = '', ended_reason = '', signing_ms = 0, signing_from_ms = 0, working_until_ms = 0, lost = 0,
      skills = get('person', agent).skills,
    })
  end
  step('agent', agent, 'sign_in')
end

-- An agent leaves the desk: a live call goes back to its place in the line, and so does a ringing one.
local function sign_out(agent, why)
  local row = get('agent', agent)
  if not row or row.state == 'offline' then
    return
  end
  local id = row.call or ''
  if row.state == 'reserved' and helps(agent, id) then
    return take_back_invite(id, 'sign_out', 'left')
  elseif row.state == 'reserved' then
    take_back(id, 'release', 'sign_out', 'left')
    return match({id}, {})
  end
  local asked
  if row.state == 'on_call' and helps(agent, id) then
    helper_goes(id, agent, why)
    part_leg(agent)
  elseif row.state == 'on_call' and helper_is_in(get('call', id)) then
    hand_over(id, why)
  elseif row.state == 'on_call' then
    asked = requeue(id, why)
    tell_call(id, agent)
  end
  step('agent', agent, 'sign_out')
  put('agent', agent, {lost = why == 'agent_lost' and 1 or 0})
  match({id}, {asked})
end

-- The other page of an agent's live call says at once who is not there, or is there again.
local function wake_customer_of(agent)
  local id = (get('agent', agent) or {}).call or ''
  local call = id ~= '' and get('call', id)
  if call and STATE_OF[call.phase] == 'active' then
    wake_all(call)
  end
end

-- A person's page is gone (its newest socket closed, or gave no beat for too long).
local function gone(person)
  local row = get('person', person)
  if not row or row.present ~= '1' then
    redis.call('ZREM', key('presence'), person)
    return
  end
  -- Read before the first write, so that an unreadable row leaves all as it was.
  local served = row.role == 'agent' and get('agent', person) or row
  get('call', served.call or '')
  redis.call('ZREM', key('presence'), person)
  put('person', person, {present = 0})
  expire(row.role == 'customer' and POLICY.resume_ttl_ms or AGENT_LINGER_MS, 'person', person)
  if row.role == 'agent' then
    local agent = get('agent', person)
    if agent and agent.state == 'reserved' then
      local id = agent.call
      if helps(person, id) then
        return take_back_invite(id, 'gone', 'left')
      end
      take_back(id, 'release', 'gone', 'left')
      return match({id}, {})
    end
    step('agent', person, 'gone')
    wake_customer_of(person)
  elseif row.role == 'customer' then
    local id = row.call or ''
    local call = id ~= '' and get('call', id)
    if call and call.phase == 'ringing' then
      local agent = take_back(id, 'customer_gone', 'release', 'withdrawn')
      return match({}, {agent})
    elseif call then
      step('call', id, 'customer_gone')
      if call.agent ~= '' then
        wake('person', call.agent)
      end
    end
  elseif (row.watch or '') ~= '' then
    WATCH.finish(row.watch, 'gone')
  end
end

-- A person's page is here (again).
local function back(person)
  local row = get('person', person)
  redis.call('ZADD', key('presence'), int(NOW + POLICY.presence_ttl_ms), person)
  if row.present == '1' then
    return
  end
  put('person', person, {present = 1})
  redis.call('PERSIST', key('person', person))
  if row.role == 'agent' then
    -- Who was signed out for being away is signed in by coming back; who signed out is not.
    local agent = get('agent', person)
    if agent and agent.state == 'offline' and agent.lost == '1' then
      sign_in(person)
    end
    step('agent', person, 'back')
    wake_customer_of(person)
    match({}, {person})
  elseif row.role == 'customer' and (row.call or '') ~= '' then
    step('call', row.call, 'customer_back')
    local call = get('call', row.call)
    if call and call.agent ~= '' then
      wake('person', call.agent)
    end
    match({row.call}, {})
  end
end

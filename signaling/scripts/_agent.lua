-- Agents: who is on shift, idle, staffed; effects of the agent's life cycle.
local AGENT_LINGER_MS = 86400000

-- Returns start and end of the shift that covers `at`, or nil, and then the start of the next one if there is one.
local function shift_at(agent, at)
  local found = redis.call('ZRANGEBYSCORE', key('agent_shifts', agent), '(' .. int(at), '+inf', 'LIMIT', 0, 1)[1]
  if not found then
    return nil, nil
  end
  local first, last = found:match('^(%d+):(%d+):')
  if num(first) <= at then
    return num(first), num(last)
  end
  return nil, num(first)
end

local function on_shift(agent)
  return (shift_at(agent, NOW)) ~= nil
end

-- Whether this agent may be offered a call of this class now.
local function may_serve(agent, class)
  return on_shift(agent)
end

-- Whether the agent has a leg that is not closed: without one, a customer would be given an empty picture.
local function has_picture(agent)
  local person = get('person', agent)
  return person ~= nil and person.leg ~= '' and person.leg_state ~= 'left'
end

-- Puts a signed-in agent among those on shift, or takes them out, and arms the next change of that.
local function staff(agent)
  local row = get('agent', agent)
  local first, last = shift_at(agent, NOW)
  if first then
    enter(key('staffed_sets'), row.skills, key('staffed', row.skills), int(last), agent)
  else
    leave(key('staffed_sets'), row.skills, key('staffed', row.skills), agent)
  end
  if last then
    arm('shift', agent, last)
  else
    clear('shift', agent)
  end
  look_for_nobody()
  wake('queue', '')
end

function AFTER_STEP.agent(id, row, how, to)
  if how.from ~= to then
    if how.from ~= 'offline' then
      redis.call('HINCRBY', key('agent_states'), how.from, -1)
    end
    if to ~= 'offline' then
      redis.call('HINCRBY', key('agent_states'), to, 1)
    end
  end
  wake('person', id)
  wake('queue', '')
end

-- Longest rested first: time as idle counts on through a declined or withdrawn ring, a miss begins it anew.
function DO.agent.enter_idle(id, row, how)
  if how.from ~= 'available' and (how.from ~= 'reserved' or how.why == 'missed') then
    put('agent', id, {idle_ms = NOW})
  end
  if get('person', id).present == '1' then
    enter(key('idle_sets'), row.skills, key('idle', row.skills), row.idle_ms, id)
  end
end

function DO.agent.leave_idle(id, row)
  leave(key('idle_sets'), row.skills, key('idle', row.skills), id)
end

function DO.agent.note_sign_in(id)
  put('agent', id, {
    skills = get('person', id).skills, missed = 0, break_wanted = 0, away = '', ended_reason = '', lost = 0,
  })
  redis.call('PERSIST', key('agent', id))
  redis.call('ZADD', key('agents'), int(NOW), id)
  staff(id)
end

function DO.agent.note_sign_out(id, row)
  put('agent', id, {call = '', break_wanted = 0, away = ''})
  redis.call('ZREM', key('agents'), id)
  leave(key('staffed_sets'), row.skills, key('staffed', row.skills), id)
  clear('shift', id)
  clear('no_picture', id)
  look_for_nobody()
  expire(AGENT_LINGER_MS, 'agent', id)
end

function DO.agent.count_rest(id, row)
  if NOW - num(row.working_until_ms) >= POLICY.rest_ms then
    put('agent', id, {signing_ms = 0})
  end
end

function DO.agent.begin_signing(id)
  put('agent', id, {signing_from_ms = NOW})
end

function DO.agent.count_signing(id, row)
  put('agent', id, {signing_ms = num(row.signing_ms) + NOW - num(row.signing_from_ms), working_until_ms = NOW})
end

-- Whether a rest is due before the next call, and how much of it has been had.
local function tired(row)
  local rested = NOW - num(row.working_until_ms)
  return num(row.signing_ms) >= POLICY.max_signing_ms and rested < POLICY.rest_ms, rested
end

local function pause(agent, why)
  if step('agent', agent, 'pause', {why = why}) then
    put('agent', agent, {away = why, break_wanted = 0, missed = 0})
  end
end

-- Where an agent goes who has finished with something: to break, to rest, or to the next call.
local function settle(agent)
  local row = get('agent', agent)
  if not on_shift(agent) then
    return pause(agent, 'shift_over')
  end
  if row.break_wanted == '1' then
    return pause(agent, 'asked')
  end
  local rest, rested = tired(row)
  if row.state == 'after_call' then
    rest, rested = num(row.signing_ms) >= POLICY.max_signing_ms and POLICY.rest_ms > 0, 0
  end
  put('agent', agent, {away = '', ended_reason = ''})
  if rest then
    step('agent', agent, 'tire', {served = {rest = rested}})
  elseif not has_picture(agent) then
    pause(agent, 'no_picture')
  else
    step('agent', agent, 'ready')
  end
end

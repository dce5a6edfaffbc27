-- Agents: who is on shift, listed for calls, staffed; what a call adds to their work; effects of the agent's life cycle.
local AGENT_LINGER_MS = 86400000

-- Returns start, end and id of the shift that covers `at`, or nil, and then the start of the next one if there is one.
local function shift_at(agent, at)
  local asks = at == NOW and once or redis.call
  local found = asks('ZRANGEBYSCORE', key('agent_shifts', agent), '(' .. int(at), '+inf', 'LIMIT', 0, 1)[1]
  if not found then
    return nil, nil
  end
  local first, last, shift = found:match('^(%d+):(%d+):(.*)$')
  if num(first) <= at then
    return num(first), num(last), shift
  end
  return nil, num(first)
end

local function on_shift(agent)
  return (shift_at(agent, NOW)) ~= nil
end

-- Whether the agent has a leg that is not closed: without one, a customer would be given an empty picture.
local function has_picture(agent)
  local person = get('person', agent)
  return person ~= nil and person.leg ~= '' and person.leg_state ~= 'left'
end

-- What has been signed since midnight; the running call is not in it.
local function signed_today(row)
  return num(row.day_ms) >= TODAY and num(row.day_signing_ms) or 0
end

-- Whether the day's limit of signing is reached: only urgent calls may still ask.
local function spent(row)
  return POLICY.max_signing_day_ms > 0 and signed_today(row) >= POLICY.max_signing_day_ms
end

-- Whether a rest is due before the next call, and how much of it has been had.
local function tired(row)
  local rested = NOW - num(row.working_until_ms)
  return num(row.signing_ms) >= POLICY.max_signing_ms and rested < POLICY.rest_ms, rested
end

local function must_rest(row)
  return spent(row) or (tired(row))
end

-- Whether a break of the roster has its turn: it waits for the end of a call, and for nothing else.
local function break_is_due(row)
  return num(row.break_owed_ms) > 0 or (num(row.break_from_ms) > 0 and num(row.break_from_ms) <= NOW)
end

-- Whether this agent, once free and rested, may be offered a call of this class: on shift, in no break of the roster and
-- not so shortly before one that a usual call would run into it, and not beyond the day's limit of signing. The limit and
-- the time before a break do not bind an urgent call: it may ask, and the agent may refuse.
local function will_serve(agent, class)
  local row = get('agent', agent)
  if not on_shift(agent) or break_is_due(row) then
    return false
  end
  if class == 'urgent' then
    return true
  end
  local from = num(row.break_from_ms)
  return not spent(row) and (from == 0 or NOW < from - POLICY.break_guard_ms)
end

-- Whether this agent may be offered a call of this class now, if idle. Who rests is asked by urgent calls only.
local function may_serve(agent, class)
  if get('agent', agent).state == 'rest' and (class ~= 'urgent' or not has_picture(agent)) then
    return false
  end
  return will_serve(agent, class)
end

-- Lists an agent among those whom a call may ask: longest rested first, and who rests after all who are free.
local AFTER_ALL = 1e13

local function list_idle(id)
  local row = get('agent', id)
  local since = num(row.idle_ms) + (row.state == 'rest' and AFTER_ALL or 0)
  enter(key('idle_sets'), row.skills, key('idle', row.skills), int(since), id)
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
  if peek('person', id, 'present')[1] == '1' then
    list_idle(id)
  end
end

function DO.agent.leave_idle(id, row)
  leave(key('idle_sets'), row.skills, key('idle', row.skills), id)
end

function DO.agent.count_rest(id, row)
  if NOW - num(row.working_until_ms) >= POLICY.rest_ms then
    put('agent', id, {signing_ms = 0})
  end
end

function DO.agent.begin_signing(id)
  put('agent', id, {signing_from_ms = NOW})
end

-- Care for signers: breaks of the roster, breaks that were asked for, rest, and where an agent goes after each.
local ASKED = {available = true, rest = true}
local WORKING = {available = true, reserved = true, on_call = true, after_call = true, rest = true}
local AT_WORK = {available = true, reserved = true, on_call = true, after_call = true}

-- The first break of a shift that is still to come: its start and length, or nil.
local function next_break(shift)
  for _, each in ipairs(cjson.decode((get('shift', shift) or {}).breaks or '[]')) do
    if each[1] > NOW then
      return each[1], each[2] - each[1]
    end
  end
end

local function forget_ask(agent)
  if num(get('agent', agent).break_asked_ms) > 0 then
    put('agent', agent, {break_asked_ms = 0})
  end
  redis.call('ZREM', key('break_asks'), agent)
  clear('break_wait', agent)
end

-- Whoever has gone on a break has had every other one that was wanted, asked for or owed.
local function note_pause(agent, why)
  put('agent', agent, {away = why, break_wanted = 0, missed = 0, break_owed_ms = 0})
  forget_ask(agent)
end

-- Sends an agent on a break that ends when the agent says so.
local function pause(agent, why)
  if step('agent', agent, 'pause', {why = why}) then
    note_pause(agent, why)
  end
end

-- Sends an agent on a break of the roster, in its full length from now on; it ends by itself.
local function begin_break(agent)
  local row = get('agent', agent)
  local owed = num(row.break_owed_ms)
  if num(row.break_from_ms) > 0 and num(row.break_from_ms) <= NOW then
    owed = owed + num(row.break_length_ms)
    put('agent', agent, {break_from_ms = 0})
  end
  pause(agent, 'rostered')
  put('agent', agent, {break_until_ms = NOW + owed})
  arm('break_over', agent, NOW + owed)
end

local function unlist_staffed(agent)
  local row = get('agent', agent)
  local name = (row.listed_spent == '1' and SPENT or '') .. row.skills
  leave(key('staffed_sets'), name, key('staffed', name), agent)
end

-- Lists an agent among those on shift, until then, or (nil) among none. Who has signed enough for today has done so until
-- midnight, whatever the agent does then.
local function list_staffed(agent, until_ms)
  unlist_staffed(agent)
  local row = get('agent', agent)
  put('agent', agent, {listed_spent = spent(row) and 1 or 0})
  if row.listed_spent == '1' then
    arm('day', agent, TOMORROW)
  else
    clear('day', agent)
  end
  if until_ms then
    local name = (row.listed_spent == '1' and SPENT or '') .. row.skills
    enter(key('staffed_sets'), name, key('staffed', name), int(until_ms), agent)
  end
  look_for_nobody()
end

-- The day's limit is reached, or a new day has begun.
local function look_at_limit(agent)
  local row = get('agent', agent)
  if (row.listed_spent == '1') ~= spent(row) then
    local first, last = shift_at(agent, NOW)
    list_staffed(agent, first and last)
  end
end

-- Puts a signed-in agent among those on shift, or takes them out, and arms the next change of that. A break whose time has
-- come begins, or is owed to who is in a call; whoever is on a break then has it.
local function staff(agent)
  local row = get('agent', agent)
  if num(row.break_from_ms) > 0 and num(row.break_from_ms) <= NOW and WORKING[row.state] then
    put('agent', agent, {break_owed_ms = num(row.break_owed_ms) + num(row.break_length_ms)})
  end
  local first, last, shift = shift_at(agent, NOW)
  local from, length
  if first then
    from, length = next_break(shift)
  end
  list_staffed(agent, first and last)
  put('agent', agent, {break_from_ms = from or 0, break_length_ms = length or 0})
  if last then
    arm('shift', agent, from or last)
  else
    clear('shift', agent)
  end
  if first and num(row.break_owed_ms) > 0 and ASKED[row.state] then
    begin_break(agent)
  end
  wake('queue', '')
end

-- The shifts of an agent are others now, or one begins or ends. Who is free or rests and is no longer on shift goes on
-- break; a live call goes on. Whether somebody is signed in, to whom calls may be offered then.
local function shifts_changed(agent)
  local row = get('agent', agent)
  if not row or row.state == 'offline' then
    return false
  end
  staff(agent)
  if (row.state == 'available' or row.state == 'rest') and not on_shift(agent) then
    pause(agent, 'shift_over')
  end
  wake('person', agent)
  return true
end

function DO.agent.note_sign_in(id)
  put('agent', id, {
    skills = get('person', id).skills, missed = 0, break_wanted = 0, away = '', ended_reason = '', lost = 0,
    break_from_ms = 0, break_length_ms = 0, break_owed_ms = 0, break_until_ms = 0, break_asked_ms = 0,
  })
  redis.call('PERSIST', key('agent', id))
  redis.call('ZADD', key('agents'), int(NOW), id)
  staff(id)
end

-- A call that went on past midnight counts for the new day from then on.
function DO.agent.count_signing(id, row)
  local from = num(row.signing_from_ms)
  put('agent', id, {
    signing_ms = num(row.signing_ms) + NOW - from, working_until_ms = NOW,
    day_signing_ms = signed_today(row) + math.max(0, NOW - math.max(from, TODAY)),
    day_ms = math.max(num(row.day_ms), TODAY),
  })
  look_at_limit(id)
end

function DO.agent.note_sign_out(id, row)
  forget_ask(id)
  put('agent', id, {call = '', break_wanted = 0, away = '', break_from_ms = 0, break_owed_ms = 0})
  redis.call('ZREM', key('agents'), id)
  unlist_staffed(id)
  clear('shift', id)
  clear('day', id)
  clear('no_picture', id)
  look_for_nobody()
  expire(AGENT_LINGER_MS, 'agent', id)
end

-- To rest: as long as the policy says, or, with the day's limit reached, until midnight. Urgent calls may ask meanwhile.
local function go_to_rest(agent, rested)
  step('agent', agent, 'tire', {served = {rest = rested}})
  if spent(get('agent', agent)) then
    arm('rest', agent, TOMORROW)
  end
end

-- Where an agent goes who has finished with something: to break, to rest, or to the next call.
local function settle(agent)
  local row = get('agent', agent)
  look_at_limit(agent)
  if not on_shift(agent) then
    if row.state == 'break' then
      put('agent', agent, {away = 'shift_over'})
    end
    return pause(agent, 'shift_over')
  end
  if row.break_wanted == '1' then
    return pause(agent, 'asked')
  end
  if break_is_due(row) and row.state ~= 'break' then
    return begin_break(agent)
  end
  local rest, rested = tired(row)
  if row.state == 'after_call' then
    rest, rested = num(row.signing_ms) >= POLICY.max_signing_ms and POLICY.rest_ms > 0, 0
  end
  put('agent', agent, {away = '', ended_reason = ''})
  if rest or spent(row) then
    go_to_rest(agent, rested)
  elseif has_picture(agent) then
    step('agent', agent, 'ready')
  elseif row.state == 'break' then
    put('agent', agent, {away = 'no_picture'})
  else
    pause(agent, 'no_picture')
  end
end

-- Where an agent goes whose ring was taken back: it may have come in a rest, or shortly before a break.
local function after_ring(agent)
  local row = get('agent', agent)
  if row.state ~= 'available' then
    return
  end
  local rest, rested = tired(row)
  if not on_shift(agent) then
    pause(agent, 'shift_over')
  elseif row.break_wanted == '1' then
    pause(agent, 'asked')
  elseif break_is_due(row) then
    begin_break(agent)
  elseif rest or spent(row) then
    go_to_rest(agent, rested)
  end
end

-- Whether an agent's break leaves the line with somebody: whatever this agent covers, either somebody else on shift who
-- covers it too is at work (free, asked, in a call or in the work after one), or nobody else on shift covers it, so that
-- waiting would be for nobody. Calls that wait go first without being named here: a free agent has been given them.
local function cover_allows(agent)
  local mine = words(get('agent', agent).skills).list
  for _, word in ipairs(#mine > 0 and mine or {{label = ''}}) do
    local shared, kept = false, false
    for _, list in ipairs(staffed_lists()) do
      if word.label == '' or words(list.skills).has[word.label] then
        for _, other in ipairs(redis.call('ZRANGEBYSCORE', list.zset, '(' .. int(NOW), '+inf')) do
          if other ~= agent then
            local row, person = get('agent', other) or {}, get('person', other) or {}
            shared, kept = true, kept or (AT_WORK[row.state] and person.present == '1')
          end
        end
      end
    end
    if shared and not kept then
      return false
    end
  end
  return true
end

-- Whoever asked first goes first, as soon as cover allows; who rests is missed by nobody.
table.insert(BEFORE_DONE, function()
  if redis.call('EXISTS', key('break_asks')) == 0 then
    return
  end
  for _, agent in ipairs(redis.call('ZRANGE', key('break_asks'), 0, -1)) do
    local row = get('agent', agent)
    if row and on_shift(agent) and (row.state == 'rest' or (row.state == 'available' and cover_allows(agent))) then
      pause(agent, 'asked')
    end
  end
end)

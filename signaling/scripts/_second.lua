-- Further agents in a live call: asked, in it, gone again, or the one who goes on with it. `invited` is who is asked just
-- now; `helpers` names those who came in beside the call's agent, the first of them first.
local MOST_HELPERS = 2

local function helpers_of(row)
  local found = {}
  for agent in (row.helpers or ''):gmatch('%S+') do
    found[#found + 1] = agent
  end
  return found
end

local function helper_is_in(row)
  return (row.helpers or '') ~= ''
end

local function is_invited(agent, row)
  return agent ~= '' and row.invited == agent
end

local function is_helper(agent, row)
  for _, helper in ipairs(helpers_of(row)) do
    if helper == agent then
      return true
    end
  end
  return false
end

-- Whether an agent is in a call beside its own agent, or is asked to be.
local function helps(agent, id)
  local row = id ~= '' and get('call', id)
  return row and (is_invited(agent, row) or is_helper(agent, row))
end

-- A coordinator takes part who has come in, and not one who only looks on.
local function guest_of(row)
  return row.watch_state == 'joined' and row.watcher or nil
end

-- Who takes part in a live call, and writes and reads in it.
local function people_of(row)
  local people = helpers_of(row)
  people[#people + 1] = guest_of(row)
  people[#people + 1] = row.customer
  if row.agent ~= '' then
    people[#people + 1] = row.agent
  end
  return people
end

local function takes_part(person, row)
  return person == row.customer or person == row.agent or person == guest_of(row) or is_helper(person, row)
end

local function helper_segments(id, change)
  local segments = cjson.decode(get('record', id).helpers or '[]')
  change(segments)
  put('record', id, {helpers = encode_list(segments)})
end

local function wake_all(row)
  for _, person in ipairs(people_of(row)) do
    wake('person', person)
  end
  if (row.invited or '') ~= '' then
    wake('person', row.invited)
  end
end

-- An invitation is taken back from whom it rings at; `how` is declined, missed, withdrawn or left.
local function take_back_invite(id, event, how)
  local row = get('call', id)
  local agent = row.invited
  clear('invite', id)
  wake_all(row)
  put('call', id, {invited = '', invite_note = '', invite_until_ms = 0, invite_ended = how ~= 'withdrawn' and how or ''})
  if get('agent', agent) then
    put('agent', agent, {call = ''})
    step('agent', agent, event, {why = how})
    after_ring(agent)
  end
  return agent
end

local function come_in(id, agent)
  local row = get('call', id)
  local all = helpers_of(row)
  all[#all + 1] = agent
  clear('invite', id)
  put('call', id, {invited = '', invite_until_ms = 0, helpers = table.concat(all, ' ')})
  step('agent', agent, 'accept')
  put('agent', agent, {missed = 0})
  helper_segments(id, function(segments)
    segments[#segments + 1] = {agent = agent, from_ms = NOW, to_ms = 0, ended = ''}
  end)
  wake_all(row)
  if get('person', agent).leg ~= '' then
    leg_fact(agent, function() end)
  end
end

-- Whoever was in beside the call's agent is not any more; what becomes of that one is another matter.
local function helper_goes(id, agent, why)
  local row = get('call', id)
  local others = {}
  for _, helper in ipairs(helpers_of(row)) do
    if helper ~= agent then
      others[#others + 1] = helper
    end
  end
  helper_segments(id, function(segments)
    for _, segment in ipairs(segments) do
      if segment.agent == agent and segment.to_ms == 0 then
        segment.to_ms, segment.ended = NOW, why
      end
    end
  end)
  wake_all(row)
  put('call', id, {helpers = table.concat(others, ' ')})
end

local function to_after_call(agent, id, why)
  put('agent', agent, {call = '', after_call_of = id, ended_reason = why})
  step('agent', agent, 'ended')
end

-- The leg of a page that is still there is made anew by it.
local function part_leg(agent)
  local person = get('person', agent) or {}
  if (person.leg or '') ~= '' then
    wake('leg', agent, {leg = person.leg, leg_worker = person.leg_worker or ''})
  end
end

-- A helper leaves a call that goes on, or is over.
local function helper_leaves(id, agent, why)
  helper_goes(id, agent, why)
  to_after_call(agent, id, why)
  part_leg(agent)
end

-- Nobody is asked or in beside the agent any more. Returns who is free by that, for whom there may be a call.
local function drop_helpers(id, why)
  local row = get('call', id)
  for _, agent in ipairs(helpers_of(row)) do
    helper_leaves(id, agent, why)
  end
  if (row.invited or '') ~= '' then
    return take_back_invite(id, 'release', 'withdrawn')
  end
end

-- The helper who came in first goes on with the call as its agent; what becomes of the one before is another matter.
local function hand_over(id, why)
  local row = get('call', id)
  local first, second = row.agent, helpers_of(row)[1]
  helper_goes(id, second, 'took_over')
  step('call', id, 'hand_over', {why = why, agent = second})
  put('call', id, {agent = second, invite_ended = ''})
  wake_all(row)
  wake('person', first)
  -- On one worker the new route moves the seats and nobody sees a gap; on another one the old joint is parted.
  local before, after = get('person', first) or {}, get('person', second) or {}
  if before.leg_worker ~= after.leg_worker then
    wake('call', id, {epoch = num(row.epoch) - 1, worker = before.leg_worker or '', leg = '', leg_worker = ''})
  end
  return first
end

-- A second agent in a live call: asked, in it, gone again, or the one who goes on with it. `helper` is who was asked,
-- and in the call once `helper_from_ms` is set.
local function helps(agent, id)
  local row = id ~= '' and get('call', id)
  return row and agent ~= '' and row.helper == agent
end

local function helper_is_in(row)
  return (row.helper or '') ~= '' and num(row.helper_from_ms) > 0
end

local function helper_segments(id, change)
  local segments = cjson.decode(get('record', id).helpers or '[]')
  change(segments)
  put('record', id, {helpers = encode_list(segments)})
end

local function wake_all(row)
  for _, person in ipairs({row.customer, row.agent, row.helper or ''}) do
    if person ~= '' then
      wake('person', person)
    end
  end
end

-- An invitation is taken back from whom it rings at; `how` is declined, missed, withdrawn or left.
local function take_back_invite(id, event, how)
  local row = get('call', id)
  local agent = row.helper
  clear('invite', id)
  put('call', id, {helper = '', helper_note = '', helper_until_ms = 0, invite_ended = how ~= 'withdrawn' and how or ''})
  wake_all(row)
  if get('agent', agent) then
    put('agent', agent, {call = ''})
    step('agent', agent, event, {why = how})
    after_ring(agent)
  end
  return agent
end

-- Whoever was in as the second one is not any more; the leg of a page that is still there is made anew by it.
local function helper_goes(id, why)
  local row = get('call', id)
  local agent = row.helper
  helper_segments(id, function(segments)
    segments[#segments].to_ms, segments[#segments].ended = NOW, why
  end)
  put('call', id, {helper = '', helper_note = '', helper_from_ms = 0})
  wake_all(row)
  return agent
end

local function to_after_call(agent, id, why)
  put('agent', agent, {call = '', after_call_of = id, ended_reason = why})
  step('agent', agent, 'ended')
end

local function part_leg(agent)
  local person = get('person', agent) or {}
  if (person.leg or '') ~= '' then
    wake('leg', agent, {leg = person.leg, leg_worker = person.leg_worker or ''})
  end
end

-- The second agent leaves a call that goes on, or is over.
local function helper_leaves(id, why)
  local agent = helper_goes(id, why)
  to_after_call(agent, id, why)
  part_leg(agent)
end

-- Nobody is asked or in as the second one any more. Returns who is free by that, for whom there may be a call.
local function drop_helper(id, why)
  local row = get('call', id)
  if helper_is_in(row) then
    helper_leaves(id, why)
  elseif (row.helper or '') ~= '' then
    return take_back_invite(id, 'release', 'withdrawn')
  end
end

-- The second agent goes on with the call as its agent; what becomes of the first one is another matter.
local function hand_over(id, why)
  local row = get('call', id)
  local first, second = row.agent, helper_goes(id, 'took_over')
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

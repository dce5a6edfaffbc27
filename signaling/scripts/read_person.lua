-- ARGV: now, person, and of somebody who is not connected yet the queue and the needs. Reads only: one consistent
-- snapshot for a view.
local id = ARGV[2]
local person = get('person', id)
local queue, own_needs = ARGV[3] or '', ARGV[4] or ''
if person and person.role == 'customer' and queue == '' then
  queue, own_needs = person.queue or '', person.needs or ''
end
queue = queue ~= '' and queue or MAIN_QUEUE
local asked = (get('queue', queue) or {}).needs or ''
local serves = (own_needs ~= '' or asked ~= '') and function(skills)
  return covers(skills, own_needs) and covers(skills, asked)
end or nil
local answer = {
  now = NOW, reader = id, agents_on = agents_on(serves), urgent_on = agents_on(serves, 'urgent'), queue = queue,
  waiting_limit = POLICY.waiting_limit,
}
answer.door_closed = (get('door') or {}).closed == '1'
local states = {}
local flat = redis.call('HGETALL', key('agent_states'))
for i = 1, #flat, 2 do
  states[flat[i]] = num(flat[i + 1])
end
answer.ringing = states.reserved or 0
answer.serving = (states.available or 0) + (states.reserved or 0) + (states.on_call or 0) + (states.after_call or 0)
answer.waiting = redis.call('ZCARD', key('line'))
answer.person = person
if not person then
  return cjson.encode(answer)
end

-- A customer's answered calls before this one, newest first.
local LOOKED_AT, SHOWN = 10, 5

local function earlier_calls(customer, but)
  local found = {}
  for _, each in ipairs(redis.call('ZREVRANGE', key('calls_of', customer), 0, LOOKED_AT - 1)) do
    local record = each ~= but and get('record', each)
    if record and record.state == 'closed' and num(record.answered_ms) > 0 and #found < SHOWN then
      local segments, with_me = cjson.decode(record.segments), false
      for _, segment in ipairs(segments) do
        with_me = with_me or segment.agent == id
      end
      local last = get('person', segments[#segments].agent) or {}
      found[#found + 1] = {
        at_ms = num(record.joined_ms), name = last.name or '', outcome = record.outcome or '', with_me = with_me,
      }
    end
  end
  return #found > 0 and found or nil
end

if person.role == 'coordinator' then
  answer.company = get('background')
end
local call_id = person.call or ''
if person.role == 'agent' then
  answer.agent = get('agent', id)
  answer.company, answer.choice = get('background'), get('agent_background', id)
  local _, last = shift_at(id, NOW)
  answer.shift_until_ms = on_shift(id) and last or 0
  answer.shift_news_ms = num(redis.call('HGET', key('shift_news'), id))
  answer.promise_news_ms = num(redis.call('HGET', key('promise_news'), id))
  call_id = answer.agent and answer.agent.call or ''
  answer.day_signing_ms = answer.agent and signed_today(answer.agent) or 0
  answer.rest_until_ms = num(redis.call('ZSCORE', key('deadlines'), 'rest:' .. id))
  local of = answer.agent and answer.agent.state == 'after_call' and answer.agent.after_call_of or ''
  local record = of ~= '' and get('record', of)
  if record then
    answer.after = {
      call_id = of, outcome = record.outcome or '', due_in_h = num(record.follow_up_in_h),
      note = redis.call('GET', key('call_note', of)) or '',
    }
    answer.after_call = get('call', of)
    answer.earlier = earlier_calls(record.customer, of)
  end
end
local call = call_id ~= '' and get('call', call_id)
if not call then
  return cjson.encode(answer)
end
answer.call_id, answer.call, answer.queue = call_id, call, call.queue
if call.agent ~= '' then
  local other = other_of(id, call)
  answer.other_id, answer.other = other, get('person', other)
end
if STATE_OF[call.phase] == 'active' and ((call.helpers or '') ~= '' or (call.invited or '') ~= '') then
  answer.lead, answer.invited, answer.helps = get('person', call.agent), get('person', call.invited or ''), helps(id, call_id)
  local helpers = {}
  for at, agent in ipairs(helpers_of(call)) do
    helpers[at] = {agent = agent, person = get('person', agent)}
  end
  answer.helpers = #helpers > 0 and helpers or nil
end
if (call.watcher or '') ~= '' and STATE_OF[call.phase] == 'active' then
  answer.watcher = get('person', call.watcher)
  local coached = call.agent == id and call.coach_of == id
  local lines = coached and redis.call('LRANGE', key('coach', call_id), 0, -1) or {}
  answer.coach = #lines > 0 and lines or nil
end
-- Whom the agent of a live call may pass it on to, the longest rested first, and what somebody else on shift has.
local COLLEAGUES = 5

local function colleagues()
  local found, names = {}, {}
  for _, skills in ipairs(redis.call('SMEMBERS', key('idle_sets'))) do
    local idle = redis.call('ZRANGE', key('idle', skills), 0, 2 * COLLEAGUES, 'WITHSCORES')
    for i = 1, #idle, 2 do
      local row = get('agent', idle[i])
      if row and row.state == 'available' and may_serve(idle[i], call.class) and not barred(call_id, idle[i]) then
        found[#found + 1] = {agent = idle[i], since = num(idle[i + 1]), covers = covers(skills, call.needs)}
      end
    end
  end
  table.sort(found, function(a, b)
    if a.covers ~= b.covers then
      return a.covers
    end
    return a.since < b.since or (a.since == b.since and a.agent < b.agent)
  end)
  for i = 1, math.min(COLLEAGUES, #found) do
    local name = (get('person', found[i].agent) or {}).name or ''
    names[i] = {agent = found[i].agent, name = name, covers = found[i].covers}
  end
  return #names > 0 and names or nil
end

local function skills_on()
  local has, labels = {}, {}
  for _, list in ipairs(staffed_lists(call.class)) do
    local count = redis.call('ZCOUNT', list.zset, '(' .. int(NOW), '+inf')
    if count - (redis.call('ZSCORE', list.zset, id) and 1 or 0) > 0 then
      for _, word in ipairs(words(list.skills).list) do
        has[word.label] = true
      end
    end
  end
  for label in pairs(has) do
    labels[#labels + 1] = label
  end
  table.sort(labels)
  return #labels > 0 and labels or nil
end

if person.role == 'agent' and call.agent == id and STATE_OF[call.phase] == 'active' then
  answer.colleagues, answer.skills_on = colleagues(), skills_on()
end
if person.role == 'agent' and (call.handover_from or '') ~= '' and call.handover_from ~= id then
  answer.handover_from = get('person', call.handover_from)
end
if person.role == 'agent' then
  answer.earlier = earlier_calls(call.customer, call_id)
elseif call.phase == 'closed' then
  local record = get('record', call_id) or {}
  answer.follow_up_due_ms = num(record.follow_up_due_ms)
  answer.follow_up_owner = get('person', record.follow_up_owner or '')
end
if person.role == 'customer' and call.phase ~= 'closed' then
  answer.agents_on = agents_on(function(skills) return covers(skills, call.needs) end, call.class)
end
if person.role == 'customer' and STATE_OF[call.phase] == 'waiting' then
  answer.hope = hope(call_id, call.needs, true)
  local ahead = 0
  for _, class in ipairs(CLASSES) do
    for _, bucket in ipairs(redis.call('SMEMBERS', key('buckets', class))) do
      local zset = key('waiting', bucket, class)
      if class == counts_as(call) then
        ahead = ahead + redis.call('ZCOUNT', zset, '-inf', '(' .. call.seq)
      else
        ahead = ahead + redis.call('ZCARD', zset)
      end
    end
    if class == counts_as(call) then
      break
    end
  end
  answer.place = ahead + 1
  local pace = redis.call('LRANGE', key('pace', call.queue), 0, -1)
  answer.pace = #pace > 0 and pace or nil
end
return cjson.encode(answer)

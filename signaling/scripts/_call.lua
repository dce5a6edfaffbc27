-- Calls: the line, the session record, roll-ups; effects of the call's and the leg's life cycle.
local PACE_KEPT = 32
local PACE_MS = 86400000

local function interval_of(record)
  return math.floor(num(record.joined_ms) / POLICY.interval_ms) * POLICY.interval_ms
end

-- Adds to the sums of the interval in which the call arrived.
local function roll_up(record, amounts)
  local start = interval_of(record)
  local member = record.queue .. ':' .. int(start)
  local name = key('rollup', member)
  local fields = {}
  for field, amount in pairs(amounts) do
    if amount ~= 0 then
      fields[#fields + 1] = field
    end
  end
  local sums, words = redis.call('HMGET', name, 'v', unpack(fields)), {'v', SCHEMA}
  for i, field in ipairs(fields) do
    words[#words + 1] = field
    words[#words + 1] = int(num(sums[i + 1]) + amounts[field])
  end
  redis.call('HSET', name, unpack(words))
  redis.call('ZADD', key('rollups'), int(start), member)
  redis.call('PEXPIRE', name, int(POLICY.rollup_retention_ms))
end

function DO.agent.count_after_call(id, row, how)
  local record = get('record', row.after_call_of)
  if record then
    local spent = NOW - how.since
    add('record', row.after_call_of, 'after_call_ms', spent)
    -- A call that goes on with somebody else is added up, with this in it, when it is over.
    if record.state == 'closed' then
      roll_up(record, record.outbound == '1' and {outbound_handle_ms = spent}
        or {after_call_ms = spent, handle_ms = spent})
    end
  end
  local call = get('call', row.after_call_of)
  if call and call.phase == 'closed' then
    put('call', row.after_call_of, {context = ''})
  end
  put('agent', id, {after_call_of = '', working_until_ms = NOW})
end

function AFTER_STEP.call(id, row, how, to)
  local before, after = STATE_OF[how.from], STATE_OF[to]
  if before ~= after then
    if before == 'waiting' then
      redis.call('ZREM', key('line'), id)
    elseif before == 'active' then
      redis.call('ZREM', key('active'), id)
    end
    if after == 'waiting' then
      redis.call('ZADD', key('line'), row.seq, id)
    elseif after == 'active' then
      redis.call('ZADD', key('active'), int(NOW), id)
    end
    put('record', id, {state = after})
  end
  wake('person', row.customer)
  for agent in (row.helpers or ''):gmatch('%S+') do
    wake('person', agent)
  end
  wake('queue', row.queue)
end

function DO.call.bump_epoch(id)
  add('call', id, 'epoch', 1)
end

local RANK = {}
for rank, class in ipairs(CLASSES) do
  RANK[class] = rank
end

-- The class in whose line a call stands: its own, or a higher one for how long it has waited. `due`: of the next step.
local function standing(row)
  local rank = RANK[row.class]
  local steps = math.floor((NOW - num(row.joined_ms)) / DELAY.age)
  local reached = rank == 1 and 1 or math.max(2, rank - steps)
  return CLASSES[reached], reached > 2 and num(row.joined_ms) + (steps + 1) * DELAY.age or nil
end

-- The customer's last agent, when the call is to wait for that one: at work, not free, and soon free as far as one knows.
local function worth_waiting_for(id, row)
  local agent = row.last_agent or ''
  if agent == '' or row.class == 'urgent' or NOW >= num(row.last_agent_until_ms) or barred(id, agent) then
    return nil
  end
  local desk, person = get('agent', agent), get('person', agent)
  if not desk or not person or person.present ~= '1' or not will_serve(agent, row.class)
    or not covers(desk.skills, row.needs) then
    return nil
  end
  local rest_until = redis.call('ZSCORE', key('deadlines'), 'rest:' .. agent)
  -- An agent who calls a customer back is waited for whatever keeps that agent just now.
  local soon = (row.call_back_of or '') ~= '' and desk.state ~= 'offline'
    or desk.state == 'after_call' and desk.break_wanted ~= '1' and num(desk.signing_ms) < POLICY.max_signing_ms
    or desk.state == 'rest' and rest_until and num(rest_until) < num(row.last_agent_until_ms)
  return soon and agent or nil
end

function DO.call.enter_line(id, row)
  local class, due = standing(row)
  local agent = worth_waiting_for(id, row)
  put('call', id, {counts_as = class, held_for = agent or ''})
  if due then
    arm('age', id, due)
  end
  if agent then
    redis.call('ZADD', key('held', agent), row.seq, id)
    arm('last_agent', id, num(row.last_agent_until_ms))
  else
    local bucket = row.queue .. ':' .. row.needs
    enter(key('buckets', class), bucket, key('waiting', bucket, class), row.seq, id)
    if redis.call('SISMEMBER', key('stranded'), class .. ':' .. bucket) == 1 then
      arm_once('nobody', id, NOW + DELAY.nobody)
    end
    look_at_bucket(bucket, class)
  end
  local some_barred = redis.call('EXISTS', key('declined', id), key('left', id)) > 0
  if some_barred and not redis.call('ZSCORE', key('deadlines'), 'ask_again:' .. id) then
    arm('ask_again', id, NOW + DELAY.ask_again)
  end
end

-- Rows of an earlier version of this program do not say what they count as: it was their class.
local function counts_as(row)
  return row.counts_as or row.class
end

function DO.call.leave_line(id, row)
  if (row.held_for or '') ~= '' then
    redis.call('ZREM', key('held', row.held_for), id)
    return put('call', id, {held_for = ''})
  end
  local bucket, class = row.queue .. ':' .. row.needs, counts_as(row)
  local zset = key('waiting', bucket, class)
  if leave(key('buckets', class), bucket, zset, id) then
    redis.call('SREM', key('stranded'), class .. ':' .. bucket)
  end
end

-- Something has changed (time has passed, or `fields` are others) that says where a call in line stands, and for whom.
local function enter_anew(id, fields)
  local row = get('call', id)
  DO.call.leave_line(id, row)
  if fields then
    put('call', id, fields)
  end
  DO.call.enter_line(id, row)
  wake('person', row.customer)
end

-- A customer's way of signing, and a topic, are worth a wait, not a closed door: without them, where others could take
-- the call then. Returns the fields that say so.
local function any_signing(row)
  local base = row.base_needs or row.needs
  if base ~= row.needs then
    return {needs = base, sign_need = ''}, base
  end
end

-- Who has asked to keep the place is away for longer, and is known for as long.
function DO.call.hold_place(id, row)
  local kept_until = num(row.kept_until_ms)
  if kept_until > NOW + DELAY.keep_place then
    arm('keep_place', id, kept_until)
  end
  if kept_until > NOW and get('person', row.customer) then
    expire(math.max(POLICY.resume_ttl_ms, kept_until - NOW + DELAY.keep_place), 'person', row.customer)
  end
end

-- Within what time a call was to be answered: its queue's target for its class as it was when the call came.
local function target_of(record)
  local target_ms = num(record.target_ms)
  return target_ms > 0 and target_ms or POLICY.target_ms
end

-- What Prometheus is told of the line: counters that only grow (video_service/metrics.py has the same bounds).
local WAIT_BOUNDS_S = {5, 10, 20, 30, 60, 120, 300, 600}

local function count_answer(wait_ms, target_ms)
  redis.call('HINCRBY', key('metrics'), 'answered', 1)
  redis.call('HINCRBY', key('metrics'), 'wait_ms', int(wait_ms))
  if wait_ms <= target_ms then
    redis.call('HINCRBY', key('metrics'), 'answered_in_target', 1)
  end
  for _, bound_s in ipairs(WAIT_BOUNDS_S) do
    if wait_ms <= bound_s * 1000 then
      redis.call('HINCRBY', key('metrics'), 'wait_le_' .. bound_s, 1)
      return
    end
  end
end

-- An urgent matter is open from its call's arrival until it is solved; a call that is over may leave it open.
local function is_open_matter(id)
  return redis.call('ZSCORE', key('urgent_matters'), id) ~= false
end

local function close_matter(id)
  if is_open_matter(id) then
    redis.call('ZREM', key('urgent_matters'), id)
    clear('proposal', id)
    clear('solution', id)
    wake('queue', '')
  end
end

-- `by`: 'agent', 'customer', 'promise' (what was promised is done) or whoever settled it by hand.
local function solve_matter(id, by)
  put('record', id, {solved_ms = NOW, solved_by = by})
  close_matter(id)
end

-- The last word counts: what was said to be solved, and is not after all, is open again.
local function reopen_matter(id)
  local record = get('record', id)
  if (record.class == 'urgent' or num(record.solution_within_ms) > 0) and num(record.solved_ms) > 0 then
    put('record', id, {solved_ms = 0, solved_by = ''})
    redis.call('ZADD', key('urgent_matters'), record.joined_ms, id)
    local within_ms = num(record.solution_within_ms)
    arm('solution', id, num(record.joined_ms) + math.floor((within_ms > 0 and within_ms or DELAY.solution) / 2))
    wake('queue', '')
  end
end

function DO.call.open_segment(id, row, how)
  local segments = cjson.decode(get('record', id).segments)
  segments[#segments + 1] = {agent = how.agent, from_ms = NOW, to_ms = 0, ended = ''}
  local fields = {segments = encode_list(segments)}
  if is_open_matter(id) then
    fields.urgent_owner = how.agent
  end
  local asked = row.sign_language or ''
  if asked ~= '' then
    fields.sign_matched = covers(get('agent', how.agent).skills, asked) and 1 or 0
  end
  if num(row.answered_ms) == 0 then
    fields.answered_ms, fields.wait_ms = NOW, NOW - num(row.joined_ms)
    put('call', id, {answered_ms = NOW})
    local record = get('record', id)
    if record.outbound ~= '1' then
      count_answer(fields.wait_ms, target_of(record))
    end
  end
  put('record', id, fields)
end

-- What somebody did in a call, for good on its record.
local TIMELINE_KEPT = 200

local function on_timeline(call, what, person)
  local record = call ~= '' and get('record', call)
  local timeline = record and cjson.decode(record.timeline or '[]')
  if record and #timeline < TIMELINE_KEPT then
    timeline[#timeline + 1] = {at_ms = NOW, what = what, who = person}
    put('record', call, {timeline = encode_list(timeline)})
  end
end

-- The customer is on hold since `held_from_ms`, until the agent is back or the agent's part of the call ends.
local function set_hold(id, held, person)
  local row = get('call', id)
  local since = num(row.held_from_ms)
  if held == (since > 0) then
    return
  end
  put('call', id, {held_from_ms = held and NOW or 0})
  add('record', id, held and 'holds' or 'hold_ms', held and 1 or NOW - since)
  on_timeline(id, held and 'held' or 'taken_up', person)
  wake('person', row.customer)
  wake('person', row.agent)
  for agent in (row.helpers or ''):gmatch('%S+') do
    wake('person', agent)
  end
end

function DO.call.end_segment(id, row, how)
  set_hold(id, false, row.agent)
  local record = get('record', id)
  local segments = cjson.decode(record.segments)
  local last = segments[#segments]
  last.to_ms, last.ended = NOW, how.why
  put('record', id, {
    segments = encode_list(segments),
    signing_ms = num(record.signing_ms) + NOW - last.from_ms,
  })
end

function DO.call.finish(id, row, how)
  local record = get('record', id)
  local answered = num(row.answered_ms) > 0
  local wait = answered and num(record.wait_ms) or NOW - num(row.joined_ms)
  -- What the host said of the matter stays for the agent's after-call work.
  local kept = STATE_OF[how.from] == 'active' and row.agent ~= '' and row.context or ''
  put('call', id, {closed_ms = NOW, ended_reason = how.why, note = '', handover = '', context = kept})
  put('record', id, {closed_ms = NOW, ended_reason = how.why, wait_ms = wait})
  redis.call('DEL', key('declined', id), key('left', id))
  expire(POLICY.text_buffer_ms, 'photos', id)
  if how.why == 'customer_cancelled' then
    close_matter(id)
  end
  expire(POLICY.ended_linger_ms, 'call', id)
  expire(POLICY.retention_ms, 'record', id)
  local kept = record.call_back_of or ''
  if kept ~= '' and not answered and get('record', kept) then
    put('record', kept, {promise_called = 'missed'})
  end
  -- A call that an agent began is no demand: neither offered nor a part of the service level.
  if record.outbound == '1' then
    local spent = num(record.signing_ms) + num(record.after_call_ms)
    return roll_up(record, {outbound = 1, outbound_answered = answered and 1 or 0, outbound_handle_ms = spent})
  end
  local sums = {offered = 1}
  sums['offered_' .. record.class] = 1
  if answered then
    local signing, after = num(record.signing_ms), num(record.after_call_ms)
    sums.answered, sums.wait_ms, sums.signing_ms, sums.after_call_ms, sums.handle_ms =
      1, wait, signing, after, signing + after
    if wait <= target_of(record) then
      sums.within_target, sums['within_' .. record.class] = 1, 1
    end
    redis.call('LPUSH', key('pace', row.queue), int(num(record.signing_ms)))
    redis.call('LTRIM', key('pace', row.queue), 0, PACE_KEPT - 1)
    expire(PACE_MS, 'pace', row.queue)
  else
    sums.abandoned, sums.abandoned_wait_ms = 1, wait
    redis.call('HINCRBY', key('metrics'), 'abandoned', 1)
  end
  for _, field in ipairs({'reservations', 'declines', 'misses', 'requeues'}) do
    sums[field] = num(record[field])
  end
  roll_up(record, sums)
end

-- Facts of a leg go to the record of the call that it is in; an agent's preview outside a call is on no record.
local function call_of(person)
  local row = get('person', person)
  local id = row.call or ''
  if row.role == 'agent' then
    local desk = get('agent', person) or {}
    id = desk.state == 'on_call' and desk.call or ''
  end
  local call = id ~= '' and get('call', id)
  if call and call.phase ~= 'closed' and (row.role ~= 'agent' or STATE_OF[call.phase] == 'active') then
    return id, call
  end
end

local function leg_fact(person, change)
  local id = call_of(person)
  local row = get('person', person)
  if not id or row.leg == '' then
    return
  end
  local legs = cjson.decode(get('record', id).legs)
  local fact = legs[#legs]
  for i = #legs, 1, -1 do
    fact = legs[i]
    if fact.leg == row.leg then
      break
    end
    fact = nil
  end
  if not fact then
    fact = {leg = row.leg, role = row.role, worker = row.leg_worker, offered_ms = num(row.leg_ms),
      connected_ms = 0, flowing_ms = 0, silences = 0, closed_ms = 0}
    legs[#legs + 1] = fact
  end
  change(fact)
  put('record', id, {legs = encode_list(legs)})
end

function DO.leg.note_offered(person)
  leg_fact(person, function() end)
end

function DO.leg.note_connected(person)
  leg_fact(person, function(fact)
    fact.connected_ms = fact.connected_ms == 0 and NOW or fact.connected_ms
  end)
end

function DO.leg.note_flowing(person)
  leg_fact(person, function(fact)
    fact.flowing_ms = fact.flowing_ms == 0 and NOW or fact.flowing_ms
  end)
end

function DO.leg.note_silence(person)
  leg_fact(person, function(fact)
    -- A camera that is slow to begin is no network that was lost. (An agent's leg was up before the call.)
    if fact.connected_ms == 0 or fact.flowing_ms > 0 then
      fact.silences = fact.silences + 1
    end
  end)
end

function DO.leg.note_closed(person)
  leg_fact(person, function(fact)
    fact.closed_ms = NOW
  end)
end

-- What an agent shows beside the signer: for the page while it lasts, for good on the record of the call.
local function set_object(person, box)
  local row = get('person', person)
  local before, call = row.object_box or '', row.object_call or ''
  if before == box then
    return
  end
  if before == '' then
    call = call_of(person) or ''
    on_timeline(call, 'object_shown', person)
  elseif box == '' then
    on_timeline(call, 'object_hidden', person)
  end
  put('person', person, {object_box = box, object_call = box ~= '' and call or ''})
  wake('person', person)
end

local function other_of(person, call)
  return call.customer == person and call.agent or call.customer
end

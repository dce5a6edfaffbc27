-- ARGV: now, customer, new call id, queue, needs, class, reason, locale, entry, sign language, context,
-- version of the consent, whether the customer is a VIP ('1' or ''), the topic.
-- Joining twice is joining once.
local customer, id, queue, needs, class = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local vip, sign, topic = ARGV[13] == '1', ARGV[10], ARGV[14] or ''
local person = get('person', customer)
if not person or person.present ~= '1' then
  return refuse('not_connected')
end
if person.role ~= 'customer' then
  return refuse('wrong_role')
end
local phase = person.call ~= '' and peek('call', person.call, 'phase')[1]
if phase and phase ~= 'closed' then
  return done({call = person.call})
end
local rules = get('queue', queue)
if not rules and queue ~= MAIN_QUEUE then
  return refuse('unknown_queue')
end
rules = rules or {}
-- Whom the owner of a promise calls back is no new customer.
local called = get('call_back', customer)
local kept = called and num(called.until_ms) > NOW and PROMISE.is_open(called.promise) and called.promise
local door = get('door')
if door and door.closed == '1' and not kept then
  return refuse('closed')
end
local function on_for(wanted)
  return agents_on(function(skills) return covers(skills, wanted) end, class) > 0
end
if not on_for(needs) then
  return refuse('closed')
end
if redis.call('ZCARD', key('line')) >= POLICY.waiting_limit then
  return refuse('queue_full')
end

-- Of the customer's last answered call: whether it broke off just now, or a promise is due, and who knows what it was
-- about.
local LOOKED_AT = 3
local BROKEN = {customer_lost = true, shutdown = true}
local last_agent = ''
for _, each in ipairs(redis.call('ZREVRANGE', key('calls_of', customer), 0, LOOKED_AT - 1)) do
  local state, answered_ms, language = unpack(peek('record', each, 'state', 'answered_ms', 'sign_language'))
  if sign == '' then
    sign = language or ''
  end
  if state == 'closed' and num(answered_ms) > 0 then
    local record = get('record', each)
    local segments = cjson.decode(record.segments)
    local promised = redis.call('ZSCORE', key('follow_ups'), each)
    last_agent = promised and record.follow_up_owner or segments[#segments].agent
    if class ~= 'urgent' and BROKEN[record.ended_reason] and NOW - num(record.closed_ms) < POLICY.resume_ms then
      class = 'resumed'
    elseif class ~= 'urgent' and promised and num(promised) <= NOW then
      class = 'callback'
    end
    break
  end
end

-- A callback that was booked is taken up at its time, whatever it counts as.
local EARLY_MS = 60000
local slot = redis.call('GET', key('callback_of', customer))
local booked = slot and get('callback', slot)
if booked and booked.state == 'booked' and NOW >= num(booked.start_ms) - EARLY_MS and NOW < num(booked.end_ms) then
  if class ~= 'urgent' and class ~= 'resumed' then
    class = 'callback'
  end
  put('callback', slot, {state = 'joined', call = id})
end

local first_for_ms = vip and POLICY.vip_agent_ms or POLICY.last_agent_ms
if kept then
  last_agent, first_for_ms = called.owner, POLICY.call_back_window_ms
  if class ~= 'urgent' and class ~= 'resumed' then
    class = 'callback'
  end
end

-- The customer's own way of signing, and the topic, where somebody on shift has them; the signing comes first.
local base = needs
local function with(wanted, label)
  local both = label ~= '' and with_need(wanted, label) or wanted
  return both ~= wanted and on_for(both) and both or wanted
end
local signed = with(base, sign)
needs = with(signed, topic)

local seq = redis.call('HINCRBY', key('clock'), 'arrivals', 1)
make('call', id, {
  phase = 'new', epoch = 0, seq = seq, customer = customer, queue = queue, needs = needs, class = class,
  reason = ARGV[7], note = '', joined_ms = NOW, since_ms = NOW, answered_ms = 0, closed_ms = 0, ring_until_ms = 0,
  agent = '', ended_reason = '', text_seq = 0, requeued = '', verified = person.verified, entry = ARGV[9],
  sign_language = sign, base_needs = base, sign_need = signed ~= base and sign or '', topic = topic,
  context = ARGV[11], counts_as = class, held_for = '', last_agent = last_agent,
  last_agent_until_ms = NOW + first_for_ms, vip = vip and 1 or 0, call_back_of = kept or '',
})
local target_ms = num(rules['target_' .. class])
make('record', id, {
  target_ms = target_ms > 0 and target_ms or POLICY.target_ms,
  call = id, state = 'new', customer = customer, queue = queue, needs = needs, class = class, reason = ARGV[7],
  locale = ARGV[8], entry = ARGV[9], sign_language = sign, topic = topic, site = person.site, verified = person.verified,
  joined_ms = NOW, answered_ms = 0,
  closed_ms = 0, wait_ms = 0, signing_ms = 0, after_call_ms = 0, reservations = 0, declines = 0, misses = 0,
  requeues = 0, consent = num(ARGV[12]), ended_reason = '', segments = '[]', legs = '[]',
  call_back_of = kept or '', outbound = kept and 1 or 0,
})
if kept then
  PROMISE.call_over(customer, 'joined')
  put('record', kept, {promise_call = id})
end
redis.call('ZADD', key('records'), int(NOW), id)
local mine = key('calls_of', customer)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', '(' .. int(NOW - POLICY.retention_ms))
redis.call('ZADD', mine, int(NOW), id)
redis.call('PEXPIRE', mine, int(POLICY.retention_ms))
put('person', customer, {call = id})
if class == 'urgent' then
  redis.call('ZADD', key('urgent_matters'), int(NOW), id)
  local proposal_ms, solution_ms = num(rules.proposal_ms), num(rules.solution_ms)
  proposal_ms = proposal_ms > 0 and proposal_ms or DELAY.proposal
  solution_ms = solution_ms > 0 and solution_ms or DELAY.solution
  put('record', id, {proposal_within_ms = proposal_ms, solution_within_ms = solution_ms})
  arm('proposal', id, NOW + math.floor(proposal_ms / 2))
  arm('solution', id, NOW + math.floor(solution_ms / 2))
end
step('call', id, 'join')
match({id}, {})
return done({call = id})

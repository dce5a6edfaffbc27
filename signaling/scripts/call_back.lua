-- ARGV: now, owner, call of the promise, digest of the link ('' for none), what stands behind it. The owner calls the
-- customer, who may be on any page or none. One who waits in the line already is this owner's from now on.
local owner, id, link = ARGV[2], ARGV[3], ARGV[4]
local record = get('record', id)
if not record or record.customer == '' or not PROMISE.is_open(id) or record.follow_up_owner ~= owner then
  return refuse('no_promise')
end
local customer = record.customer
local person = get('person', customer)
local joined = person and (person.call or '') ~= '' and person.call or nil
local call = joined and get('call', joined)
if call and STATE_OF[call.phase] == 'active' then
  return refuse('customer_in_call')
end
local before = get('call_back', customer)
if before and before.promise ~= id and num(before.until_ms) > NOW then
  return refuse('called_already')
end
if before and (before.link or '') ~= '' then
  redis.call('DEL', key('call_back_link', before.link))
end
local until_ms = NOW + POLICY.call_back_ms
put('record', id, {promise_called = 'calling', promise_called_ms = NOW})
PROMISE.tell(owner, customer)
if call and STATE_OF[call.phase] == 'waiting' then
  local fields = {
    call_back_of = id, last_agent = owner, last_agent_until_ms = NOW + POLICY.call_back_window_ms,
    class = RANK[call.class] > RANK.callback and 'callback' or call.class,
  }
  put('record', joined, {call_back_of = id})
  put('record', id, {promise_called = 'joined', promise_call = joined})
  if call.phase == 'queued' then
    enter_anew(joined, fields)
    match({joined}, {})
  else
    put('call', joined, fields)
  end
  return done({customer = customer, until_ms = 0})
end
put('call_back', customer, {promise = id, owner = owner, at_ms = NOW, until_ms = until_ms, link = link})
expire(POLICY.call_back_ms + DELAY.keep_place, 'call_back', customer)
if link ~= '' then
  redis.call('SET', key('call_back_link', link), ARGV[5], 'PX', int(POLICY.call_back_ms))
end
arm('call_back', customer, until_ms)
return done({customer = customer, until_ms = until_ms})

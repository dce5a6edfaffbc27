-- ARGV: now, call, the new owner. An open promise, an open urgent matter or both of a call are another one's from now on.
local id, owner = ARGV[2], ARGV[3]
local record = get('record', id)
local open, matter = PROMISE.is_open(id), is_open_matter(id)
if not record or record.customer == '' or not (open or matter) then
  return refuse('no_promise')
end
if matter then
  PROMISE.tell(record.urgent_owner or '')
  put('record', id, {urgent_owner = owner})
end
if open and record.follow_up_owner ~= owner then
  local called = get('call_back', record.customer)
  if called and called.promise == id then
    PROMISE.call_over(record.customer, '')
  end
  redis.call('ZREM', key('promises_of', record.follow_up_owner), id)
  PROMISE.tell(record.follow_up_owner)
  put('record', id, {follow_up_owner = owner, promise_away = ''})
  redis.call('ZADD', key('promises_of', owner), int(record.follow_up_due_ms), id)
  -- What was late or asked after stays before the coordinator's eyes until it is kept.
  if num(record.promise_late_ms) == 0 and num(record.promise_urged_ms) == 0 then
    redis.call('ZREM', key('promise_care'), id)
  end
end
PROMISE.tell(owner, record.customer)
return done()

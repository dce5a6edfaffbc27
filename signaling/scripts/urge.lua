-- ARGV: now, customer, call. A customer asks after an open promise: once, and never again.
local id = ARGV[3]
local record = get('record', id)
if not record or record.customer == '' or record.customer ~= ARGV[2] or not PROMISE.is_open(id) then
  return refuse('no_promise')
end
if num(record.promise_urged_ms) > 0 then
  return refuse('urged_already')
end
put('record', id, {promise_urged_ms = NOW})
PROMISE.care(id)
PROMISE.tell(record.follow_up_owner, record.customer)
return done()

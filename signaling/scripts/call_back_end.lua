-- ARGV: now, customer, call of the promise ('' for whichever), who, how ('' taken back by the owner, 'declined' by the customer).
local customer = ARGV[2]
local called = get('call_back', customer)
if not called or (ARGV[3] ~= '' and called.promise ~= ARGV[3]) or (ARGV[5] == '' and called.owner ~= ARGV[4]) then
  return refuse('no_call')
end
PROMISE.call_over(customer, ARGV[5])
return done()

-- ARGV: now, customer. The place of a waiting customer is kept from the first asking on; asking again changes nothing.
local person = get('person', ARGV[2])
local id = person and person.role == 'customer' and person.call or ''
local call = id ~= '' and get('call', id)
if not call or STATE_OF[call.phase] ~= 'waiting' or POLICY.kept_place_ms == 0 then
  return refuse('no_call')
end
if num(call.kept_until_ms) == 0 then
  put('call', id, {kept_until_ms = NOW + POLICY.kept_place_ms})
  put('record', id, {kept_ms = NOW})
  if call.phase == 'parked' then
    DO.call.hold_place(id, call)
  end
  wake('person', ARGV[2])
end
return done({call = id, kept_until_ms = num(call.kept_until_ms)})

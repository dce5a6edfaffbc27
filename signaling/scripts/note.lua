-- ARGV: now, customer, text. Kept with the call until it closes.
local person = get('person', ARGV[2])
local id = person and person.role == 'customer' and person.call or ''
local call = id ~= '' and get('call', id)
if not call or call.phase == 'closed' then
  return refuse('no_call')
end
put('call', id, {note = ARGV[3]})
if call.agent ~= '' then
  wake('person', call.agent)
end
return done()

-- ARGV: now, person, call, piece (sealed, or "" to ask for all of the others' unfinished lines). Kept nowhere.
local person, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or not takes_part(person, call) then
  return refuse('no_call')
end
for _, reader in ipairs(people_of(call)) do
  if reader ~= person then
    wake('rtt', reader, {call = id, piece = ARGV[4]})
  end
end
return done()

-- ARGV: now, person, call, piece (sealed, or "" to ask for all of the other's unfinished line). Kept nowhere.
local person, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or (call.customer ~= person and call.agent ~= person) then
  return refuse('no_call')
end
wake('rtt', other_of(person, call), {call = id, piece = ARGV[4]})
return done()

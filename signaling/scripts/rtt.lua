-- ARGV: now, person, call, piece (sealed, or "" to ask for all of the other's unfinished line). Kept nowhere.
local person, id = ARGV[2], ARGV[3]
local call = get('call', id)
-- The two others read the lines of a second agent when they are whole.
if call and helps(person, id) then
  return cjson.encode({now = NOW})
end
if not call or STATE_OF[call.phase] ~= 'active' or (call.customer ~= person and call.agent ~= person) then
  return refuse('no_call')
end
wake('rtt', other_of(person, call), {call = id, piece = ARGV[4]})
return done()

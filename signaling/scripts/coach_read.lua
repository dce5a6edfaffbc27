-- ARGV: now, agent, call, up to which line.
local id = ARGV[3]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or call.agent ~= ARGV[2] then
  return refuse('no_call')
end
if call.coach_of == call.agent then
  put('call', id, {coach_read = math.max(num(call.coach_read), math.min(num(ARGV[4]), num(call.coach_seq)))})
  wake('person', call.agent)
end
return done()

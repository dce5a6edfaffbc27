-- ARGV: now, agent, call, '1' or '0'. The customer hears one agent of a call: who has switched the microphone on last.
local agent, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or (call.agent ~= agent and not is_helper(agent, call)) then
  return refuse('no_call')
end
if ARGV[4] == '1' then
  put('call', id, {voice = agent})
elseif call.voice == agent then
  put('call', id, {voice = ''})
end
wake_all(call)
return done()

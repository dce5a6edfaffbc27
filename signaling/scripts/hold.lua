-- ARGV: now, agent, call, epoch, '1' or '0'. The customer is on hold, or the agent is back.
local agent, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or call.agent ~= agent or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
if call.epoch ~= ARGV[4] then
  return refuse('stale')
end
set_hold(id, ARGV[5] == '1', agent)
return done()

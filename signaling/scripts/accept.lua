-- ARGV: now, agent, call, epoch.
local agent, id = ARGV[2], ARGV[3]
local call = get('call', id)
if call and helps(agent, id) then
  if helper_is_in(call) or (call.helper_seq or '') ~= ARGV[4] then
    return refuse('stale')
  end
  clear('invite', id)
  put('call', id, {helper_from_ms = NOW, helper_until_ms = 0})
  step('agent', agent, 'accept')
  put('agent', agent, {missed = 0})
  helper_segments(id, function(segments)
    segments[#segments + 1] = {agent = agent, from_ms = NOW, to_ms = 0, ended = ''}
  end)
  wake_all(call)
  if get('person', agent).leg ~= '' then
    leg_fact(agent, function() end)
  end
  return done()
end
if not call or call.phase ~= 'ringing' or call.agent ~= agent or call.epoch ~= ARGV[4] then
  return refuse('stale')
end
step('call', id, 'accept', {agent = agent})
step('agent', agent, 'accept')
put('agent', agent, {missed = 0})
put('call', id, {ring_until_ms = 0, requeued = ''})
-- The customer's page is to offer a leg to the agent's worker; a leg of an earlier agent's may stand there already.
local customer = get('person', call.customer)
if customer.leg_call ~= id then
  put('person', call.customer, {leg = '', leg_worker = '', leg_call = '', leg_state = 'inviting', paused = 0})
end
if get('person', agent).leg ~= '' then
  leg_fact(agent, function() end)
end
return done()

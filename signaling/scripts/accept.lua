-- ARGV: now, agent, call, epoch.
local agent, id = ARGV[2], ARGV[3]
local call = get('call', id)
if call and is_invited(agent, call) then
  if call.invite_seq ~= ARGV[4] then
    return refuse('stale')
  end
  come_in(id, agent)
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

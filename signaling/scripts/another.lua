-- ARGV: now, customer, call, epoch. The customer goes back to the head of the line, and never to this agent again. Where
-- nobody else at work could take the call it goes on: who is on a break may come back, or not.
local customer, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or call.customer ~= customer then
  return refuse('no_call')
end
if STATE_OF[call.phase] ~= 'active' or call.epoch ~= ARGV[4] then
  return refuse('stale')
end
local agent = call.agent
if helper_is_in(call) then
  redis.call('SADD', key('left', id), agent)
  to_after_call(hand_over(id, 'another_signer'), id, 'another_signer')
  return done()
end
local function possible(needs)
  return somebody(needs, call.class, function(other)
    return other ~= agent and not barred(id, other) and not on_break(other)
      and redis.call('HGET', key('person', other), 'present') == '1'
  end)
end
if not possible(call.needs) then
  local fields, base = any_signing(call)
  if not fields or not possible(base) then
    return refuse('nobody_else')
  end
  put('call', id, fields)
end
-- Before the step: entering the line, the call is matched at once.
redis.call('SADD', key('left', id), agent)
local asked = requeue(id, 'another_signer')
free_agent(agent, id, 'another_signer')
match({id}, {asked})
return done()

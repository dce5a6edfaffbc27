-- ARGV: now, agent, call, epoch. The call does not come back to this agent as long as somebody else could take it; a
-- decline is never a miss.
local agent, id = ARGV[2], ARGV[3]
local call = get('call', id)
if call and is_invited(agent, call) then
  if call.invite_seq ~= ARGV[4] then
    return refuse('stale')
  end
  put('agent', agent, {missed = 0})
  take_back_invite(id, 'release', 'declined')
  match({}, {agent})
  return done()
end
if not call or call.phase ~= 'ringing' or call.agent ~= agent or call.epoch ~= ARGV[4] then
  return refuse('stale')
end
redis.call('SADD', key('declined', id), agent)
clear('ask_again', id)
put('agent', agent, {missed = 0})
take_back(id, 'release', 'release', 'declined')
match({id}, {agent})
return done()

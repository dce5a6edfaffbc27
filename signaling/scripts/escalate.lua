-- ARGV: now, agent, call, epoch. The agent of a live call says that the matter is urgent: it stands on the wall until it is
-- solved, with this agent as its owner, and passed on it goes before all that is not. Its times begin now.
local agent, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or call.agent ~= agent or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
if call.epoch ~= ARGV[4] then
  return refuse('stale')
end
if call.class == 'urgent' then
  return done()
end
local record, rules = get('record', id), get('queue', call.queue) or {}
local proposal_ms, solution_ms = num(rules.proposal_ms), num(rules.solution_ms)
proposal_ms = proposal_ms > 0 and proposal_ms or DELAY.proposal
solution_ms = solution_ms > 0 and solution_ms or DELAY.solution
-- On the wall they are counted from when the customer came.
local before_ms = NOW - num(record.joined_ms)
put('call', id, {class = 'urgent'})
put('record', id, {
  escalated = 'agent', urgent_owner = agent, proposed_ms = 0, solved_ms = 0, solved_by = '',
  proposal_within_ms = before_ms + proposal_ms, solution_within_ms = before_ms + solution_ms,
})
redis.call('ZADD', key('urgent_matters'), int(num(record.joined_ms)), id)
arm('proposal', id, NOW + math.floor(proposal_ms / 2))
arm('solution', id, NOW + math.floor(solution_ms / 2))
on_timeline(id, 'escalated', agent)
wake_all(call)
wake('queue', '')
return done()

-- ARGV: now, agent, call, epoch, whom ('': the invitation is taken back), sealed note. A second agent is asked to come into a
-- live call, whatever that one's skills are.
local agent, id, whom = ARGV[2], ARGV[3], ARGV[5]
local call = get('call', id)
if not call or call.agent ~= agent or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
if call.epoch ~= ARGV[4] then
  return refuse('stale')
end
if whom == '' then
  if (call.helper or '') ~= '' and not helper_is_in(call) then
    match({}, {take_back_invite(id, 'release', 'withdrawn')})
  end
  return done()
end
if (call.helper or '') ~= '' then
  return refuse('wrong_state')
end
if whom == agent or was_left(id, whom) or not is_free(whom, {needs = '', class = call.class}) then
  return refuse('not_free')
end
put('call', id, {
  helper = whom, helper_seq = num(call.helper_seq) + 1, helper_until_ms = NOW + DELAY.invite, helper_note = ARGV[6],
  helper_from_ms = 0, invite_ended = '',
})
put('agent', whom, {call = id, ended_reason = ''})
step('agent', whom, 'reserve')
arm('invite', id, NOW + DELAY.invite)
wake('person', agent)
return done()

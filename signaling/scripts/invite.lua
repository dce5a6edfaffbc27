-- ARGV: now, agent, call, epoch, whom ('': the invitation is taken back), sealed note. A further agent is asked to come into
-- a live call, whatever that one's skills are; one at a time.
local agent, id, whom = ARGV[2], ARGV[3], ARGV[5]
local call = get('call', id)
if not call or call.agent ~= agent or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
if call.epoch ~= ARGV[4] then
  return refuse('stale')
end
if whom == '' then
  if (call.invited or '') ~= '' then
    match({}, {take_back_invite(id, 'release', 'withdrawn')})
  end
  return done()
end
if (call.invited or '') ~= '' then
  return refuse('wrong_state')
end
-- A coordinator who is seen, or about to be, has a place.
local seen = call.watch_picture == 'asked' or call.watch_picture == 'shown'
if #helpers_of(call) + (seen and 1 or 0) >= MOST_HELPERS then
  return refuse('call_full')
end
if whom == agent or was_left(id, whom) or not is_free(whom, {needs = '', class = call.class}) then
  return refuse('not_free')
end
put('call', id, {
  invited = whom, invite_seq = num(call.invite_seq) + 1, invite_until_ms = NOW + DELAY.invite, invite_note = ARGV[6],
  invite_ended = '',
})
put('agent', whom, {call = id, ended_reason = ''})
step('agent', whom, 'reserve')
arm('invite', id, NOW + DELAY.invite)
wake_all(call)
return done()

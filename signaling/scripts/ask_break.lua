-- ARGV: now, agent, '1' or '0' (takes the wish back). In a call or a ring the wish waits for its end; in after-call work the
-- break begins at once when nobody waits whom this agent could serve and cover allows, and else stays a wish.
local agent = ARGV[2]
local row = get('agent', agent)
if not row or row.state == 'offline' then
  return refuse('not_signed_in')
end
if ARGV[3] == '0' then
  forget_ask(agent)
elseif row.state ~= 'break' then
  if row.state == 'after_call' and not best_call(agent) and cover_allows(agent) then
    pause(agent, 'asked')
  elseif num(row.break_asked_ms) == 0 then
    put('agent', agent, {break_asked_ms = NOW})
    redis.call('ZADD', key('break_asks'), int(NOW), agent)
    arm('break_wait', agent, NOW + DELAY.break_wait)
  end
end
wake('person', agent)
wake('queue', '')
return done()

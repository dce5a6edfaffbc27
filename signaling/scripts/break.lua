-- ARGV: now, agent. At once, or after the live call; a ringing call goes to somebody else and may come back. A break of the
-- roster then goes on until the agent is ready.
local agent = ARGV[2]
local row = get('agent', agent)
if not row or row.state == 'offline' then
  return refuse('not_signed_in')
end
if row.state == 'on_call' then
  put('agent', agent, {break_wanted = 1})
  wake('person', agent)
elseif row.state == 'reserved' then
  leave_ring(agent, 'asked')
elseif row.state == 'break' and row.away == 'rostered' then
  put('agent', agent, {away = 'asked', break_until_ms = 0})
  clear('break_over', agent)
  wake('person', agent)
else
  pause(agent, 'asked')
end
return done()

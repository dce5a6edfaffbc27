-- ARGV: now, agent. At once, or after the live call; a ringing call goes to somebody else and may come back.
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
else
  pause(agent, 'asked')
end
return done()

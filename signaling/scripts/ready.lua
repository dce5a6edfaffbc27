-- ARGV: now, agent. Ends a break, after-call work, or a wish for a break; a rest ends by itself.
local agent = ARGV[2]
local row = get('agent', agent)
if not row or row.state == 'offline' then
  return refuse('not_signed_in')
end
if row.state == 'break' and not on_shift(agent) then
  return refuse('not_rostered')
end
put('agent', agent, {break_wanted = 0, missed = 0})
if row.state == 'break' or row.state == 'after_call' then
  settle(agent)
  match({}, {agent})
end
wake('person', agent)
return done()

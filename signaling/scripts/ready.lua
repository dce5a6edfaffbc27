-- ARGV: now, agent. Ends a break, after-call work, or in a call a wish for a break; a rest ends by itself. After a call
-- the break that was wished for in it comes as soon as the work is done: it is not lost by the key that ends the work.
local agent = ARGV[2]
local row, person = get('agent', agent), get('person', agent)
local rostered, seen = on_shift(agent), has_picture(agent)
if not row or row.state == 'offline' then
  if not person or person.present ~= '1' or person.role ~= 'agent' then
    return refuse('not_signed_in')
  end
  -- The page is open, so the agent is not to be stuck outside: signed in again, on break if more is missing.
  sign_in(agent)
  row = get('agent', agent)
  if not rostered or not seen then
    return done()
  end
elseif row.state == 'break' and not rostered then
  return refuse('not_rostered')
elseif (row.state == 'break' or row.state == 'after_call') and rostered and not seen then
  return refuse('no_picture')
end
put('agent', agent, {break_wanted = row.state == 'after_call' and row.break_wanted or 0, missed = 0})
if row.state == 'break' or row.state == 'after_call' then
  settle(agent)
  match({}, {agent})
end
wake('person', agent)
return done()

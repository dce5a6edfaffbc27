-- ARGV: now, person, leg, event. Only the newest leg counts.
local person = ARGV[2]
local row = get('person', person)
if row and row.leg == ARGV[3] and step('leg', person, ARGV[4]) then
  wake('person', person)
  WATCH.leg_moved(person)
  if ARGV[4] == 'closed' then
    set_object(person, '')
  end
  local agent = ARGV[4] == 'closed' and row.role == 'agent' and get('agent', person)
  if agent and (agent.state == 'available' or agent.state == 'reserved') then
    arm('no_picture', person, NOW + DELAY.no_picture)
  end
  local id, call = call_of(person)
  if id and call.agent ~= '' then
    wake('person', other_of(person, call))
  end
end
return done()

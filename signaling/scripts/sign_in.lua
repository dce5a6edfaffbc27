-- ARGV: now, agent.
local person = get('person', ARGV[2])
if not person or person.present ~= '1' then
  return refuse('not_connected')
end
if person.role ~= 'agent' then
  return refuse('wrong_role')
end
sign_in(ARGV[2])
return done()

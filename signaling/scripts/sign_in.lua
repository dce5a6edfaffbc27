-- ARGV: now, agent. On break first: an agent says when.
local agent = ARGV[2]
local person = get('person', agent)
if not person or person.present ~= '1' then
  return refuse('not_connected')
end
if person.role ~= 'agent' then
  return refuse('wrong_role')
end
if not get('agent', agent) then
  put('agent', agent, {
    state = 'offline', since_ms = NOW, idle_ms = NOW, call = '', after_call_of = '', missed = 0, break_wanted = 0,
    away = '', ended_reason = '', signing_ms = 0, signing_from_ms = 0, working_until_ms = 0, skills = person.skills,
  })
end
step('agent', agent, 'sign_in')
return done()

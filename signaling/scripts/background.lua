-- ARGV: now, agent, kind, strength, colour, brighten (0 or 1). What this agent wants behind the own picture.
local person = ARGV[2]
local row = get('person', person)
if not row or row.role ~= 'agent' then
  return refuse('not_connected')
end
put('agent_background', person, {kind = ARGV[3], strength = ARGV[4], colour = ARGV[5], brighten = ARGV[6]})
expire(POLICY.retention_ms, 'agent_background', person)
wake('person', person)
return done()

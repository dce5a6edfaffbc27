-- ARGV: now, agent.
sign_out(ARGV[2], 'agent_left')
return done()

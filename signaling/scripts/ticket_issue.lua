-- ARGV: now, digest, identity. One string, dead after ticket_ttl.
redis.call('SET', key('ticket', ARGV[2]), ARGV[3], 'PX', POLICY.ticket_ttl_ms)
return done()

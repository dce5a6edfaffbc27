-- ARGV: now, digest, identity. One string, dead after ticket_ttl: when it was given out, and the identity.
redis.call('SET', key('ticket', ARGV[2]), int(NOW) .. ':' .. ARGV[3], 'PX', POLICY.ticket_ttl_ms)
return done()

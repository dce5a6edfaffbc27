-- ARGV: now, person, digest, identity. The person's earlier resume token ends here.
local mine = key('resume_of', ARGV[2])
local old = redis.call('GET', mine)
if old then
  redis.call('DEL', key('resume', old))
end
redis.call('SET', key('resume', ARGV[3]), ARGV[4], 'PX', POLICY.resume_ttl_ms)
redis.call('SET', mine, ARGV[3], 'PX', POLICY.resume_ttl_ms)
return done()

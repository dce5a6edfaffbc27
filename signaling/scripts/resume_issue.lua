-- ARGV: now, person, digest, identity, socket. The person's earlier resume token ends here. A socket that is the newest
-- one no more gets none: it would end the newest one's.
local row = ARGV[5] ~= '' and get('person', ARGV[2])
if row and row.socket ~= ARGV[5] then
  return refuse('superseded')
end
local mine = key('resume_of', ARGV[2])
local old = redis.call('GET', mine)
if old then
  redis.call('DEL', key('resume', old))
end
redis.call('SET', key('resume', ARGV[3]), int(NOW) .. ':' .. ARGV[4], 'PX', POLICY.resume_ttl_ms)
redis.call('SET', mine, ARGV[3], 'PX', POLICY.resume_ttl_ms)
return done()

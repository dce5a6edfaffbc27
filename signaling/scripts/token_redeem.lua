-- ARGV: now, kind (ticket or resume), digest. A token opens one socket; what comes later with it is refused and counted.
-- What is left of it says when it was given out (0: by an earlier version), for the connect that follows.
local name = key(ARGV[2], ARGV[3])
local spent = key('spent', ARGV[3])
local identity = redis.call('GET', name)
if identity then
  redis.call('DEL', name)
  local since, whose = identity:match('^(%d+):(.*)$')
  redis.call('SET', spent, since or '0', 'PX', POLICY.resume_ttl_ms)
  return done({identity = whose or identity})
end
local outcome = redis.call('EXISTS', spent) == 1 and '_replayed' or '_refused'
redis.call('HINCRBY', key('metrics'), ARGV[2] .. outcome, 1)
return done()

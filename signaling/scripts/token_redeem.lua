-- ARGV: now, kind (ticket or resume), digest. A token opens one socket; what comes later with it is refused and counted.
local name = key(ARGV[2], ARGV[3])
local spent = key('spent', ARGV[3])
local identity = redis.call('GET', name)
if identity then
  redis.call('DEL', name)
  redis.call('SET', spent, '1', 'PX', POLICY.resume_ttl_ms)
  return done({identity = identity})
end
local outcome = redis.call('EXISTS', spent) == 1 and '_replayed' or '_refused'
redis.call('HINCRBY', key('metrics'), ARGV[2] .. outcome, 1)
return done()

-- KEYS: queue, queues. ARGV: name, 'new' (there must be none), 'old' (there must be one) or 'any', most queues, then field,
-- value pairs, which replace all that stood there. 1: kept; 0: there is one, or none, already; -1: as many as may be.
local there = redis.call('EXISTS', KEYS[1]) == 1
if (ARGV[2] == 'new' and there) or (ARGV[2] == 'old' and not there) then
  return 0
end
if not there and redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[3]) then
  return -1
end
redis.call('DEL', KEYS[1])
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('SADD', KEYS[2], ARGV[1])
return 1

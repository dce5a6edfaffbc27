-- KEYS: callback, callbacks, callback_of:<customer>, callbacks_rev. ARGV: revision that the slot was found free at, id,
-- start, end, kept for (ms), prefix of callbacks, sealed facts.
-- One booking for each customer: an earlier one goes. 1: it stands; 0: something was booked meanwhile, look again.
if (redis.call('GET', KEYS[4]) or '0') ~= ARGV[1] then
  return 0
end
local before = redis.call('GET', KEYS[3])
if before then
  redis.call('DEL', ARGV[6] .. before)
  redis.call('ZREM', KEYS[2], before)
end
redis.call('HSET', KEYS[1], 'v', '1', 'state', 'booked', 'start_ms', ARGV[3], 'end_ms', ARGV[4], 'call', '',
  'told', '', 'sealed', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[3], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('INCR', KEYS[4])
return 1

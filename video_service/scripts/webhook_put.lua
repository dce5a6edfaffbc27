-- KEYS: webhook:<event>, webhooks. ARGV: event, now, kept for (ms), then field, value pairs. An event is put once: 0.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'tries', '0', 'status', '0', unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1

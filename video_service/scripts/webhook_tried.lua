-- KEYS: webhook:<event>, webhooks, webhooks_dead. ARGV: event, now, status, what next (sent, dead, or the time of the
-- next try), how long a dead one is kept (ms).
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
redis.call('HINCRBY', KEYS[1], 'tries', 1)
redis.call('HSET', KEYS[1], 'status', ARGV[3])
if ARGV[4] == 'sent' then
  redis.call('HDEL', KEYS[1], 'sealed')
  redis.call('ZREM', KEYS[2], ARGV[1])
elseif ARGV[4] == 'dead' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
else
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
end
return 1

-- Write or lengthen a worker's lease, and drop those that ended.
-- KEYS[1] sorted set of leases; ARGV[1] the lease, ARGV[2] its length in ms.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms)
redis.call('ZADD', KEYS[1], now_ms + ARGV[2], ARGV[1])
-- A pool whose workers are all gone leaves nothing behind. A short lease never ends the longer ones beside it.
if redis.call('PTTL', KEYS[1]) < ARGV[2] * 10 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2] * 10)
end
return now_ms

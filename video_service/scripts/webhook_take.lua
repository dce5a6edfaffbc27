-- KEYS: webhooks. ARGV: now, lease (ms). Returns the event that is due longest, which is nobody else's meanwhile.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)
if not due[1] then
  return false
end
redis.call('ZADD', KEYS[1], string.format('%.0f', tonumber(ARGV[1]) + tonumber(ARGV[2])), due[1])
return due[1]

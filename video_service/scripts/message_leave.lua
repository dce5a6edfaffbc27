-- KEYS: message, messages:open, messages_of:<customer>. ARGV: id, retention (ms), most open, then field, value pairs.
-- 1: kept; 2: known already; 0: as many are open as may be.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 2
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
for _, index in ipairs({KEYS[2], KEYS[3]}) do
  redis.call('ZREMRANGEBYSCORE', index, '-inf', int(now - tonumber(ARGV[2])))
end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'open', 'at_ms', int(now), 'done_ms', '0', 'done_by', '', unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], int(now), ARGV[1])
redis.call('ZADD', KEYS[3], int(now), ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return 1

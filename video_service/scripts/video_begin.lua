-- KEYS: video_message:<video>, video_messages, video_messages_of:<customer>. ARGV: video, customer, bytes, how long (ms),
-- most bytes of all, most of one customer, then field, value pairs.
-- 1: begun; 2: known already; 0: no room; -1: this customer has as many as may be; -2: somebody else's.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
local owner = redis.call('HGET', KEYS[1], 'customer')
if owner then
  return owner == ARGV[2] and 2 or -2
end
local used = 0
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local ends, bytes = all[i + 1]:match('^(%d+):(%d+)$')
  if tonumber(ends) <= now then
    redis.call('HDEL', KEYS[2], all[i])
  else
    used = used + tonumber(bytes)
  end
end
if used + tonumber(ARGV[3]) > tonumber(ARGV[5]) then
  return 0
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', int(now))
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[6]) then
  return -1
end
local ends = now + tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'customer', ARGV[2], 'state', 'coming', 'at_ms', int(now), 'busy_ms', '0', unpack(ARGV, 7))
redis.call('PEXPIREAT', KEYS[1], int(ends))
redis.call('HSET', KEYS[2], ARGV[1], int(ends) .. ':' .. ARGV[3])
redis.call('ZADD', KEYS[3], int(ends), ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
return 1

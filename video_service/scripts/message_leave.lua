-- KEYS: message, messages:open, messages_of:<customer>, and with a video message video_message:<video>, video_messages,
-- video_messages_of:<customer>. ARGV: id, retention (ms), most open, video or '', its retention (ms), customer, then
-- field, value pairs. 1: kept; 2: known already; 0: as many are open as may be; -1: there is no such video, ready and
-- the customer's own.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 2
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
local video = ARGV[4]
if video ~= '' then
  local row = redis.call('HMGET', KEYS[4], 'customer', 'state', 'message')
  if row[1] ~= ARGV[6] or row[2] ~= 'ready' or row[3] ~= '' then
    return -1
  end
end
for _, index in ipairs({KEYS[2], KEYS[3]}) do
  redis.call('ZREMRANGEBYSCORE', index, '-inf', int(now - tonumber(ARGV[2])))
end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'open', 'at_ms', int(now), 'done_ms', '0', 'done_by', '', unpack(ARGV, 7))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], int(now), ARGV[1])
redis.call('ZADD', KEYS[3], int(now), ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
if video ~= '' then
  local ends = int(now + tonumber(ARGV[5]))
  local facts = redis.call('HMGET', KEYS[4], 'ms', 'sound')
  redis.call('HSET', KEYS[1], 'video', video, 'video_ms', facts[1], 'video_sound', facts[2])
  redis.call('HSET', KEYS[4], 'message', ARGV[1])
  redis.call('PEXPIREAT', KEYS[4], ends)
  redis.call('HSET', KEYS[5], video, ends .. ':' .. redis.call('HGET', KEYS[5], video):match('%d+$'))
  redis.call('ZADD', KEYS[6], ends, video)
  redis.call('PEXPIRE', KEYS[6], math.max(redis.call('PTTL', KEYS[6]), tonumber(ARGV[5])))
end
return 1

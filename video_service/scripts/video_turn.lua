-- One step of a video message. KEYS: video_message:<video>, video_messages, video_messages_of:<customer>.
-- ARGV: video, customer, step, then what the step needs. 0: there is none of this customer, or not in that state.
-- take, lease (ms): 1 taken to be made, 2 is ready already, 3 somebody else makes it.
-- ready, bytes, how long (ms), then field, value pairs: 1.  free: 1.  drop: 1.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
local row = redis.call('HMGET', KEYS[1], 'customer', 'state', 'busy_ms')
if row[1] ~= ARGV[2] then
  return 0
end
local step = ARGV[3]
if step == 'take' then
  if row[2] ~= 'coming' then
    return 2
  elseif tonumber(row[3]) > now then
    return 3
  end
  redis.call('HSET', KEYS[1], 'busy_ms', int(now + tonumber(ARGV[4])))
elseif step == 'free' then
  redis.call('HSET', KEYS[1], 'busy_ms', '0')
elseif step == 'ready' then
  if row[2] ~= 'coming' then
    return 0
  end
  local ends = int(now + tonumber(ARGV[5]))
  redis.call('HSET', KEYS[1], 'state', 'ready', 'busy_ms', '0', unpack(ARGV, 6))
  redis.call('PEXPIREAT', KEYS[1], ends)
  redis.call('HSET', KEYS[2], ARGV[1], ends .. ':' .. ARGV[4])
  redis.call('ZADD', KEYS[3], ends, ARGV[1])
else
  redis.call('DEL', KEYS[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
end
return 1

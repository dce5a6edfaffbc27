-- KEYS: message, messages:open, messages:done, video_messages. ARGV: id, open or done, by,
-- retention (ms), then how long a message's film is kept (ms): after it was left, after it was done; its keys' start;
-- own: 1 where only by's own word is taken back. Turning it twice is turning it once.
-- 1: it stands so; 0: there is no such message, or it is another one's to be opened.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function int(n)
  return string.format('%.0f', n)
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', int(now - tonumber(ARGV[4])))
local open, done = redis.call('ZSCORE', KEYS[2], ARGV[1]), redis.call('ZSCORE', KEYS[3], ARGV[1])
local at = redis.call('HGET', KEYS[1], 'at_ms')
if not (open or done) or not at then
  return 0
end
if (ARGV[2] == 'open') == (open and true) then
  return 1
end
if ARGV[2] == 'open' and ARGV[8] == '1' and redis.call('HGET', KEYS[1], 'done_by') ~= ARGV[3] then
  return 0
end
if ARGV[2] == 'done' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[3], int(now), ARGV[1])
else
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZADD', KEYS[2], at, ARGV[1])
end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'done_ms', ARGV[2] == 'done' and int(now) or '0',
  'done_by', ARGV[2] == 'done' and ARGV[3] or '')
local row = redis.call('HMGET', KEYS[1], 'video', 'customer')
local film = row[1] and ARGV[7] .. 'video_message:' .. row[1]
if film and redis.call('EXISTS', film) == 1 then
  local ends = tonumber(at) + tonumber(ARGV[5])
  if ARGV[2] == 'done' then
    ends = math.min(ends, now + tonumber(ARGV[6]))
  end
  redis.call('PEXPIREAT', film, int(ends))
  redis.call('HSET', KEYS[4], row[1], int(ends) .. ':' .. redis.call('HGET', KEYS[4], row[1]):match('%d+$'))
  redis.call('ZADD', ARGV[7] .. 'video_messages_of:' .. row[2], int(ends), row[1])
end
return 1

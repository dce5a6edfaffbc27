-- KEYS: push_told of one event. ARGV: now, tries at most, first wait, how long the mark stands (ms), version. Takes one
-- try, and returns which it is; 0 when it is not time for one, or there were enough. Each wait is twice the one before.
local tries, next_ms = unpack(redis.call('HMGET', KEYS[1], 'tries', 'next_ms'))
tries, next_ms = tonumber(tries or 0), tonumber(next_ms or 0)
if tries >= tonumber(ARGV[2]) or tonumber(ARGV[1]) < next_ms then
  return 0
end
local wait_ms = tonumber(ARGV[3]) * 2 ^ tries
local again_ms = string.format('%.0f', tonumber(ARGV[1]) + wait_ms)
redis.call('HSET', KEYS[1], 'v', ARGV[5], 'tries', tries + 1, 'next_ms', again_ms)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return tries + 1

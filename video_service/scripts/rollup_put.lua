-- KEYS: rollup:<queue>:<start>, rollups. ARGV: start (ms), member, lifetime (ms), how many words follow for the sums as they
-- were read, these as field, value pairs, then the sums that are right, the same way; none: nobody called.
-- 1: they are kept; 0: the sums have changed since they were read, and nothing was written.
local count = tonumber(ARGV[4])
local known, fields = {}, 0
for i = 5, 4 + count, 2 do
  known[ARGV[i]] = ARGV[i + 1]
  fields = fields + 1
end
local row = redis.call('HGETALL', KEYS[1])
if #row / 2 ~= fields then
  return 0
end
for i = 1, #row, 2 do
  if known[row[i]] ~= row[i + 1] then
    return 0
  end
end
redis.call('DEL', KEYS[1])
if #ARGV == 4 + count then
  redis.call('ZREM', KEYS[2], ARGV[2])
  return 1
end
redis.call('HSET', KEYS[1], unpack(ARGV, 5 + count))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2])
return 1

-- ARGV: now. Reads only: the counters.
local counts = {}
local flat = redis.call('HGETALL', key('metrics'))
for i = 1, #flat, 2 do
  counts[flat[i]] = num(flat[i + 1])
end
return cjson.encode({metrics = counts})

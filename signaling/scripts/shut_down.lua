-- ARGV: now. The service stops as a whole: closes a batch of open calls, and says whether there are more.
local closed = 0
for _, index in ipairs({'active', 'line'}) do
  for _, id in ipairs(redis.call('ZRANGE', key(index), 0, POLICY.sweep_batch - 1)) do
    close_call(id, 'shutdown')
    closed = closed + 1
  end
end
local left = redis.call('ZCARD', key('active')) + redis.call('ZCARD', key('line'))
return done({closed = closed, more = left > 0 and closed > 0})

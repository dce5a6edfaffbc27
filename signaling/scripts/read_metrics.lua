-- ARGV: now. Reads only: the counters, the line and the agents by state.
local counts = {}
local flat = redis.call('HGETALL', key('metrics'))
for i = 1, #flat, 2 do
  counts[flat[i]] = num(flat[i + 1])
end
local agents = {}
flat = redis.call('HGETALL', key('agent_states'))
for i = 1, #flat, 2 do
  agents[flat[i]] = num(flat[i + 1])
end
return cjson.encode({
  metrics = counts, agents = agents,
  waiting = redis.call('ZCARD', key('line')), active = redis.call('ZCARD', key('active')),
})

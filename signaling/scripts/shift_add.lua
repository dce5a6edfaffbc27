-- ARGV: now, agent, shift id, start, end. One agent's shifts never overlap, so the first that ends after the start decides.
local agent, id, first_ms, last_ms = ARGV[2], ARGV[3], num(ARGV[4]), num(ARGV[5])
if first_ms < 0 or last_ms <= first_ms or last_ms - first_ms > 86400000 then
  return refuse('shift_unreadable')
end
local name = key('agent_shifts', agent)
local after = redis.call('ZRANGEBYSCORE', name, '(' .. int(first_ms), '+inf', 'LIMIT', 0, 1)[1]
if after and num(after:match('^%d+')) < last_ms then
  return refuse('shift_overlaps')
end
redis.call('ZREMRANGEBYSCORE', name, '-inf', int(NOW - POLICY.retention_ms))
redis.call('ZADD', name, int(last_ms), int(first_ms) .. ':' .. int(last_ms) .. ':' .. id)
local latest = num(redis.call('ZRANGE', name, -1, -1, 'WITHSCORES')[2])
redis.call('PEXPIREAT', name, int(latest + POLICY.retention_ms))
put('shift', id, {shift = id, agent = agent, start_ms = first_ms, end_ms = last_ms})
redis.call('PEXPIREAT', key('shift', id), int(math.max(last_ms, NOW) + POLICY.retention_ms))
redis.call('ZADD', key('shifts'), int(first_ms), id)
local row = get('agent', agent)
if row and row.state ~= 'offline' then
  staff(agent)
  match({}, {agent})
  wake('person', agent)
end
return done()

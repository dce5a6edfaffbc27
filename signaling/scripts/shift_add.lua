-- ARGV: now, then agent, shift id, start, end, breaks of each shift: all are added, or none. One agent's shifts never
-- overlap, so of those on the roster the first that ends after the start decides. Breaks are [[start, end], ...], in
-- order, inside the shift.
local function lie_inside(breaks, first_ms, last_ms)
  for _, each in ipairs(breaks) do
    if each[1] < first_ms or each[2] <= each[1] or each[2] > last_ms then
      return false
    end
    first_ms = each[2]
  end
  return true
end

local agents, wanted = {}, {}
for i = 2, #ARGV, 5 do
  local agent, first_ms, last_ms = ARGV[i], num(ARGV[i + 2]), num(ARGV[i + 3])
  if first_ms < 0 or last_ms <= first_ms or last_ms - first_ms > 86400000 then
    return refuse('shift_unreadable')
  end
  if not lie_inside(cjson.decode(ARGV[i + 4]), first_ms, last_ms) then
    return refuse('shift_unreadable')
  end
  local after = redis.call('ZRANGEBYSCORE', key('agent_shifts', agent), '(' .. int(first_ms), '+inf', 'LIMIT', 0, 1)[1]
  if after and num(after:match('^%d+')) < last_ms then
    return refuse('shift_overlaps')
  end
  if not wanted[agent] then
    agents[#agents + 1], wanted[agent] = agent, {}
  end
  for _, other in ipairs(wanted[agent]) do
    if first_ms < other.last_ms and other.first_ms < last_ms then
      return refuse('shift_overlaps')
    end
  end
  table.insert(wanted[agent], {id = ARGV[i + 1], first_ms = first_ms, last_ms = last_ms, breaks = ARGV[i + 4]})
end

local here = {}
for _, agent in ipairs(agents) do
  local name = key('agent_shifts', agent)
  redis.call('ZREMRANGEBYSCORE', name, '-inf', int(NOW - POLICY.retention_ms))
  for _, each in ipairs(wanted[agent]) do
    redis.call('ZADD', name, int(each.last_ms), int(each.first_ms) .. ':' .. int(each.last_ms) .. ':' .. each.id)
    put('shift', each.id, {
      shift = each.id, agent = agent, start_ms = each.first_ms, end_ms = each.last_ms, breaks = each.breaks,
    })
    redis.call('PEXPIREAT', key('shift', each.id), int(math.max(each.last_ms, NOW) + POLICY.retention_ms))
    redis.call('ZADD', key('shifts'), int(each.first_ms), each.id)
  end
  local latest = num(redis.call('ZRANGE', name, -1, -1, 'WITHSCORES')[2])
  redis.call('PEXPIREAT', name, int(latest + POLICY.retention_ms))
  if shifts_changed(agent) then
    here[#here + 1] = agent
  end
end
match({}, here)
return done()

-- ARGV: now, a plan as JSON. Takes shifts away, adds others and keeps the roster's new version: all of it, or nothing.
-- {last, draft, rev, remove: [shift], add: [[agent, shift, start, end, breaks as JSON]], version: {field: value}, end_ms}
-- and `requests` about shifts (_requests.lua), whose next states are kept with it.
-- `last`, `rev`: the newest version and the draft's state that whoever asks has seen; `draft` "" for none.
local plan = cjson.decode(ARGV[2])
local last = num(redis.call('HGET', key('roster'), 'last'))
if last ~= plan.last then
  return refuse('roster_changed')
end
if plan.draft ~= '' then
  local draft = get('roster_draft', plan.draft)
  if not draft or num(draft.rev) ~= plan.rev then
    return refuse('roster_changed')
  end
end
if requests_moved(plan.requests) then
  return refuse('request_changed')
end
local gone = {}
for _, id in ipairs(plan.remove) do
  if not get('shift', id) then
    return refuse('roster_changed')
  end
  gone[id] = true
end

-- What a person has, by end; shifts never overlap, so they are in order of their starts too.
local standing = {}
local function of(agent)
  if not standing[agent] then
    standing[agent] = {}
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', key('agent_shifts', agent), '(' .. int(NOW), '+inf')) do
      local first, final, id = member:match('^(%d+):(%d+):(.+)$')
      if not gone[id] then
        table.insert(standing[agent], {num(first), num(final)})
      end
    end
  end
  return standing[agent]
end
local overlaps = {}
for number, each in ipairs(plan.add) do
  local agent, first, final = each[1], each[3], each[4]
  if first < 0 or final <= first or final - first > 86400000 then
    return refuse('shift_unreadable')
  end
  for _, other in ipairs(of(agent)) do
    if first < other[2] and other[1] < final then
      overlaps[#overlaps + 1] = {number - 1, other[1], other[2]}
      break
    end
  end
  table.insert(of(agent), {first, final})
end
if #overlaps > 0 then
  return cjson.encode({overlaps = overlaps})
end

local touched, order = {}, {}
local function touch(agent)
  if not touched[agent] then
    touched[agent] = true
    order[#order + 1] = agent
  end
end
for _, id in ipairs(plan.remove) do
  local row = get('shift', id)
  redis.call('ZREM', key('agent_shifts', row.agent), row.start_ms .. ':' .. row.end_ms .. ':' .. id)
  redis.call('ZREM', key('shifts'), id)
  redis.call('DEL', key('shift', id))
  touch(row.agent)
end
for _, each in ipairs(plan.add) do
  local agent, id, first, final = each[1], each[2], each[3], each[4]
  local name = key('agent_shifts', agent)
  redis.call('ZADD', name, int(final), int(first) .. ':' .. int(final) .. ':' .. id)
  put('shift', id, {shift = id, agent = agent, start_ms = first, end_ms = final, breaks = each[5]})
  redis.call('PEXPIREAT', key('shift', id), int(math.max(final, NOW) + POLICY.retention_ms))
  redis.call('ZADD', key('shifts'), int(first), id)
  touch(agent)
end
local here = {}
for _, agent in ipairs(order) do
  local name = key('agent_shifts', agent)
  redis.call('ZREMRANGEBYSCORE', name, '-inf', int(NOW - POLICY.retention_ms))
  local latest = redis.call('ZRANGE', name, -1, -1, 'WITHSCORES')[2]
  if latest then
    redis.call('PEXPIREAT', name, int(num(latest) + POLICY.retention_ms))
  end
  if shifts_changed(agent) then
    here[#here + 1] = agent
  end
end

local number, until_ms = last + 1, math.max(plan.end_ms, NOW) + POLICY.retention_ms
plan.version.number, plan.version.at_ms = number, NOW
put('roster_version', int(number), plan.version)
redis.call('PEXPIREAT', key('roster_version', int(number)), int(until_ms))
redis.call('ZREMRANGEBYSCORE', key('roster_versions'), '-inf', int(NOW))
redis.call('ZADD', key('roster_versions'), int(until_ms), int(number))
redis.call('HSET', key('roster'), 'v', SCHEMA, 'last', int(number))
if plan.draft ~= '' then
  put('roster_draft', plan.draft, {published_rev = plan.rev, published = number, base = plan.version.shifts})
end
keep_requests(plan.requests)
match({}, here)
return done({version = number})

-- Requests about shifts: whether they are as whoever asks has seen them, and their next state.
-- One change: {id, rev: as it is known, 0 for a new one, fields, at: {index: score}, people, tell, until_ms}. An index
-- that `at` does not name loses the request; `tell`: who is to hear of it.
local function requests_moved(changes)
  for _, each in ipairs(changes) do
    local row = get('shift_request', each.id)
    if num(row and row.rev) ~= each.rev then
      return true
    end
  end
  return false
end

local function keep_requests(changes)
  for _, each in ipairs(changes) do
    each.fields.rev = each.rev + 1
    put('shift_request', each.id, each.fields)
    redis.call('PEXPIREAT', key('shift_request', each.id), int(each.until_ms))
    for _, index in ipairs({'live', 'days', 'past'}) do
      local name = key('shift_requests', index)
      if each.at[index] then
        redis.call('ZADD', name, int(each.at[index]), each.id)
      else
        redis.call('ZREM', name, each.id)
      end
    end
    for _, person in ipairs(each.people) do
      local name = key('shift_requests_of', person)
      redis.call('ZREMRANGEBYSCORE', name, '-inf', int(NOW))
      redis.call('ZADD', name, int(each.until_ms), each.id)
      redis.call('PEXPIREAT', name, int(num(redis.call('ZRANGE', name, -1, -1, 'WITHSCORES')[2])))
    end
    for _, person in ipairs(each.tell) do
      redis.call('HSET', key('shift_news'), 'v', SCHEMA, person, int(NOW))
      wake('person', person)
    end
  end
  redis.call('ZREMRANGEBYSCORE', key('shift_requests', 'past'), '-inf', int(NOW - POLICY.retention_ms))
  redis.call('ZREMRANGEBYSCORE', key('shift_requests', 'days'), '-inf', int(NOW - POLICY.retention_ms))
end

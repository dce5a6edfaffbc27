-- Keys, time, rows, wakes. Before this stand the generated tables: SCHEMA, POLICY, DELAY, STATE_OF, CLASSES, MACHINES.
local P = KEYS[1]

local function key(...)
  return P .. ':' .. table.concat({...}, ':')
end

-- Numbers go to Redis as whole numbers: cjson and Lua would write large ones as floats.
local function int(n)
  return string.format('%.0f', n)
end

local function num(text)
  return tonumber(text) or 0
end

-- ARGV[1] is "now:today:tomorrow": the time of this operation, and the midnights around it in the pool's zone, in epoch
-- milliseconds. The time is the caller's (tests), or (0) the server's; never before what the pool has seen.
local now, today, tomorrow = ARGV[1]:match('^(%d+):?(%d*):?(%d*)$')
local NOW, TODAY, TOMORROW = num(now), num(today), num(tomorrow)
if NOW == 0 then
  local time = redis.call('TIME')
  NOW = num(time[1]) * 1000 + math.floor(num(time[2]) / 1000)
end
NOW = math.max(NOW, num(redis.call('HGET', key('clock'), 'now')))

-- Hashes, each read once per operation and written through.
local rows = {}

local function get(...)
  local name = key(...)
  local row = rows[name]
  if row == nil then
    local flat = redis.call('HGETALL', name)
    row = false
    if #flat > 0 then
      row = {}
      for i = 1, #flat, 2 do
        row[flat[i]] = flat[i + 1]
      end
      local version = num(row.v)
      if version > SCHEMA or version < SCHEMA - 1 then
        error({err = 'SCHEMA version not readable here'})
      end
    end
    rows[name] = row
  end
  return row or nil
end

local function put(kind, id, fields)
  local name = key(kind, id)
  local row = get(kind, id)
  if not row then
    row = {}
    rows[name] = row
    fields.v = SCHEMA
  end
  local flat = {}
  for field, value in pairs(fields) do
    if type(value) == 'number' then
      value = int(value)
    end
    row[field] = value
    flat[#flat + 1] = field
    flat[#flat + 1] = value
  end
  redis.call('HSET', name, unpack(flat))
end

local function add(kind, id, field, amount)
  local row = get(kind, id)
  if row then
    put(kind, id, {[field] = num(row[field]) + amount})
  end
end

local function expire(ms, ...)
  redis.call('PEXPIRE', key(...), int(ms))
end

-- An index set holds the names of the zsets that are not empty.
local function enter(index, member, zset, score, id)
  redis.call('ZADD', zset, score, id)
  redis.call('SADD', index, member)
end

local function leave(index, member, zset, id)
  redis.call('ZREM', zset, id)
  if redis.call('EXISTS', zset) == 0 then
    redis.call('SREM', index, member)
  end
end

-- Wakes: collected, each kind and id once, and published in one message when the operation is done.
local wakes, woken = {}, {}

local function wake(kind, id, more)
  local known = woken[kind .. ':' .. id]
  if known and not more then
    return
  end
  local message = more or {}
  message.kind, message.id = kind, id
  wakes[#wakes + 1] = message
  woken[kind .. ':' .. id] = true
end

local function refuse(code)
  return cjson.encode({refused = code})
end

-- What is to be looked at after every writing operation, before it ends.
local BEFORE_DONE = {}

-- Ends a writing operation: its number, its time, its wakes.
local function done(answer)
  for _, look in ipairs(BEFORE_DONE) do
    look()
  end
  answer = answer or {}
  answer.now = NOW
  redis.call('HSET', key('clock'), 'v', SCHEMA, 'now', int(NOW))
  answer.op = redis.call('HINCRBY', key('clock'), 'op', 1)
  if #wakes > 0 then
    redis.call('PUBLISH', key('wakes'), cjson.encode(wakes))
  end
  return cjson.encode(answer)
end

local function encode_list(list)
  if #list == 0 then
    return '[]'
  end
  return cjson.encode(list)
end

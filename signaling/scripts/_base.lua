-- Keys, time, rows, wakes. Before this stand the generated tables: SCHEMA, POLICY, DELAY, STATE_OF, CLASSES, MACHINES.
-- All files of the prelude run once, at a library's first operation, and what they define serves every one. What belongs to
-- one operation is made anew by a function in AT_START.
local P, ARGV, NOW, TODAY, TOMORROW, OP
local AT_START = {}

local function key(name, id, part)
  if part then
    return P .. ':' .. name .. ':' .. id .. ':' .. part
  elseif id then
    return P .. ':' .. name .. ':' .. id
  end
  return P .. ':' .. name
end

-- Numbers go to Redis as whole numbers: cjson and Lua would write large ones as floats.
local format, tonumber = string.format, tonumber

local function int(n)
  return format('%d', n)
end

local function num(text)
  return tonumber(text) or 0
end

-- What an operation changes in a row, and how long the row is to live, goes to Redis in one step at its end, or before any
-- other command that names the row.
local ask = redis.call
local changed, lives = {}, {}

local function write(name)
  local fields = changed[name]
  if fields then
    local flat = {}
    for field, value in pairs(fields) do
      flat[#flat + 1] = field
      flat[#flat + 1] = value
    end
    changed[name] = nil
    ask('HSET', name, unpack(flat))
  end
  if lives[name] then
    ask('PEXPIRE', name, lives[name])
    lives[name] = nil
  end
end

-- What an operation looks at more than once, each always by the same command.
local seen = {}

local redis = {
  call = function(command, name, ...)
    if changed[name] or lives[name] then
      write(name)
    end
    seen[name] = nil
    return ask(command, name, ...)
  end,
}

-- Asks once per operation, or again after another command has named the key.
local function once(command, name, ...)
  local found = seen[name]
  if not found then
    found = ask(command, name, ...)
    seen[name] = found
  end
  return found
end

-- Hashes, each read once per operation.
local rows = {}

local function get(kind, id)
  local name = key(kind, id)
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
  local new = changed[name] or {}
  if not row then
    row = {}
    rows[name] = row
    fields.v = SCHEMA
  end
  for field, value in pairs(fields) do
    if type(value) == 'number' then
      value = int(value)
    end
    if row[field] ~= value then
      row[field] = value
      new[field] = value
    end
  end
  changed[name] = next(new) and new or nil
end

-- What is to be read of a row of which little is needed: the fields' values, false for what is not there.
local function peek(kind, id, ...)
  local row = rows[key(kind, id)]
  if row == nil then
    return ask('HMGET', key(kind, id), ...)
  end
  local found = {}
  for i, field in ipairs({...}) do
    found[i] = row and row[field] or false
  end
  return found
end

-- A row whose id is new: there is nothing to read.
local function make(kind, id, fields)
  rows[key(kind, id)] = false
  put(kind, id, fields)
end

local function add(kind, id, field, amount)
  local row = get(kind, id)
  if row then
    put(kind, id, {[field] = num(row[field]) + amount})
  end
end

local function expire(ms, ...)
  lives[key(...)] = int(ms)
end

-- An index set holds the names of the zsets that are not empty.
local function enter(index, member, zset, score, id)
  redis.call('ZADD', zset, score, id)
  redis.call('SADD', index, member)
end

-- Returns whether it was the last one.
local function leave(index, member, zset, id)
  redis.call('ZREM', zset, id)
  if redis.call('EXISTS', zset) == 0 then
    redis.call('SREM', index, member)
    return true
  end
  return false
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
  answer.op = OP + 1
  redis.call('HSET', key('clock'), 'v', SCHEMA, 'now', int(NOW), 'op', int(OP + 1))
  if #wakes > 0 then
    redis.call('PUBLISH', key('wakes'), cjson.encode(wakes))
  end
  return cjson.encode(answer)
end

-- ARGV[1] is "now:today:tomorrow": the time of this operation, and the midnights around it in the pool's zone, in epoch
-- milliseconds. The time is the caller's (tests), or (0) the server's; never before what the pool has seen.
local function start(root, words)
  P, ARGV = root, words
  rows, changed, lives, seen, wakes, woken = {}, {}, {}, {}, {}, {}
  local now, today, tomorrow = ARGV[1]:match('^(%d+):?(%d*):?(%d*)$')
  NOW, TODAY, TOMORROW = num(now), num(today), num(tomorrow)
  if NOW == 0 then
    local time = ask('TIME')
    NOW = num(time[1]) * 1000 + math.floor(num(time[2]) / 1000)
  end
  local clock = ask('HMGET', key('clock'), 'now', 'op')
  NOW, OP = math.max(NOW, num(clock[1])), num(clock[2])
  for _, renew in ipairs(AT_START) do
    renew()
  end
end

-- What a failed operation has changed so far stands, as its other commands do: nothing can be taken back.
local function operation(body)
  return function(keys, words)
    start(keys[1], words)
    local whole, answer = pcall(body)
    while next(changed) do
      write((next(changed)))
    end
    while next(lives) do
      write((next(lives)))
    end
    if not whole then
      error(answer, 0)
    end
    return answer
  end
end

local function encode_list(list)
  if #list == 0 then
    return '[]'
  end
  return cjson.encode(list)
end

-- One way to change a state: the tables say whether and how, DO holds one small function per effect.
local DO = {call = {}, leg = {}, agent = {}}
local ROW_OF = {call = 'call', leg = 'person', agent = 'agent'}
local STATE_FIELD = {call = 'phase', leg = 'leg_state', agent = 'state'}
local AFTER_STEP = {}
local steps = {}

local function arm(kind, id, due)
  redis.call('ZADD', key('deadlines'), int(due), kind .. ':' .. id)
end

-- Leaves a deadline of this kind that is set already.
local function arm_once(kind, id, due)
  redis.call('ZADD', key('deadlines'), 'NX', int(due), kind .. ':' .. id)
end

local function clear(kind, id)
  redis.call('ZREM', key('deadlines'), kind .. ':' .. id)
end

-- The same for all of a list; leaves the list empty.
local function clear_all(members)
  if #members > 0 then
    redis.call('ZREM', key('deadlines'), unpack(members))
    for i = #members, 1, -1 do
      members[i] = nil
    end
  end
end

-- Returns the new state, or nil when the event means nothing in the present one (then nothing has changed).
-- `how` is at hand to the effects: `why`, `agent`, and `served` (milliseconds of a deadline that have passed already).
local function step(machine, id, event, how)
  local kind, field = ROW_OF[machine], STATE_FIELD[machine]
  local row = get(kind, id)
  if not row then
    return nil
  end
  local from = row[field]
  if not steps[machine] then
    steps[machine] = MACHINES[machine]()
  end
  local found = steps[machine][from .. ' ' .. event]
  if not found then
    return nil
  end
  local to, effects = found:match('^(%S+)(.*)$')
  how = how or {}
  how.from, how.since, how.event = from, num(row.since_ms), event
  if to ~= from then
    local fields = {[field] = to}
    if machine ~= 'leg' then
      fields.since_ms = NOW
    end
    put(kind, id, fields)
  end
  if AFTER_STEP[machine] then
    AFTER_STEP[machine](id, row, how, to)
  end
  local cleared = {}
  for sign, name in effects:gmatch('([+!-])(%S+)') do
    if sign == '-' then
      cleared[#cleared + 1] = name .. ':' .. id
    else
      clear_all(cleared)
      if sign == '+' then
        arm(name, id, NOW + math.max(0, DELAY[name] - num((how.served or {})[name])))
      else
        DO[machine][name](id, row, how)
      end
    end
  end
  clear_all(cleared)
  return to
end

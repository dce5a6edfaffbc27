-- One way to change a state: the tables say whether and how, DO holds one small function per effect.
local DO = {call = {}, leg = {}, agent = {}}
local ROW_OF = {call = 'call', leg = 'person', agent = 'agent'}
local STATE_FIELD = {call = 'phase', leg = 'leg_state', agent = 'state'}
local AFTER_STEP = {}

local function arm(kind, id, due)
  redis.call('ZADD', key('deadlines'), int(due), kind .. ':' .. id)
end

local function clear(kind, id)
  redis.call('ZREM', key('deadlines'), kind .. ':' .. id)
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
  local found = (MACHINES[machine][from] or {})[event]
  if not found then
    return nil
  end
  how = how or {}
  how.from, how.since, how.event = from, num(row.since_ms), event
  if found.to ~= from then
    local fields = {[field] = found.to}
    if machine ~= 'leg' then
      fields.since_ms = NOW
    end
    put(kind, id, fields)
  end
  if AFTER_STEP[machine] then
    AFTER_STEP[machine](id, row, how, found.to)
  end
  for _, effect in ipairs(found.effects) do
    if effect.arm then
      arm(effect.arm, id, NOW + math.max(0, DELAY[effect.arm] - num((how.served or {})[effect.arm])))
    elseif effect.clear then
      clear(effect.clear, id)
    else
      DO[machine][effect.run](id, row, how)
    end
  end
  return found.to
end

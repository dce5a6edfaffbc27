-- Whose skills cover which needs, and which waiting calls nobody on shift could take.
local BEST_LEVEL = 3
local parsed, fits = {}, {}

table.insert(AT_START, function()
  parsed, fits = {}, {}
end)

local function words(text)
  if not parsed[text] then
    local list, has = {}, {}
    for word in text:gmatch('[^+]+') do
      local label, level = word:match('^([^.]+)%.?(%d?)$')
      list[#list + 1] = {label = label, least = tonumber(level) or 1}
      has[label] = tonumber(level) or BEST_LEVEL
    end
    parsed[text] = {list = list, has = has}
  end
  return parsed[text]
end

local function covers(skills, needs)
  local pair = skills .. '|' .. needs
  if fits[pair] == nil then
    fits[pair] = true
    for _, need in ipairs(words(needs).list) do
      if (words(skills).has[need.label] or 0) < need.least then
        fits[pair] = false
        break
      end
    end
  end
  return fits[pair]
end

-- The needs and one more, as the text that names their bucket.
local function with_need(needs, label)
  if needs == '' or words(needs).has[label] then
    return needs == '' and label or needs
  end
  local all = {label}
  for word in needs:gmatch('[^+]+') do
    all[#all + 1] = word
  end
  -- As Python sorts: by the label, not by the text with its level.
  table.sort(all, function(a, b) return a:match('^[^.]+') < b:match('^[^.]+') end)
  return table.concat(all, '+')
end

-- Who is on shift is listed by skills; whoever has reached the day's limit of signing is in a list of their own, whose
-- name begins so, and is there for urgent calls only.
local SPENT = '!'

-- The lists that count for a class, each as the name of its zset and the skills of all in it.
local function staffed_lists(class)
  local lists = {}
  for _, name in ipairs(once('SMEMBERS', key('staffed_sets'))) do
    local apart = name:sub(1, 1) == SPENT
    if not apart or class == 'urgent' then
      lists[#lists + 1] = {zset = key('staffed', name), skills = apart and name:sub(2) or name}
    end
  end
  return lists
end

local function agents_on(covered, class)
  local count = 0
  for _, list in ipairs(staffed_lists(class)) do
    if not covered or covered(list.skills) then
      count = count + redis.call('ZCOUNT', list.zset, '(' .. int(NOW), '+inf')
    end
  end
  return count
end

-- Whether the customer has left this agent for another one: then the call never comes back to this agent.
local function was_left(id, agent)
  return redis.call('SISMEMBER', key('left', id), agent) == 1
end

-- Whether this agent is not to be asked now: was left, or declined and others can still be asked.
local function barred(id, agent)
  return redis.call('SISMEMBER', key('declined', id), agent) == 1 or was_left(id, agent)
end

local function on_break(agent)
  return redis.call('HGET', key('agent', agent), 'state') == 'break'
end

-- Whether an agent on shift (at the desk, busy or on a break) who is there for the class covers the needs and passes.
local function somebody(needs, class, passes)
  for _, list in ipairs(staffed_lists(class)) do
    if covers(list.skills, needs) then
      for _, agent in ipairs(redis.call('ZRANGEBYSCORE', list.zset, '(' .. int(NOW), '+inf')) do
        if passes(agent) then
          return true
        end
      end
    end
  end
  return false
end

-- Whether there is one who may still be asked; `soon` leaves those on a break out, who may come back or not.
local function hope(id, needs, soon)
  return somebody(needs, get('call', id).class, function(agent)
    return not barred(id, agent) and not (soon and on_break(agent))
  end)
end

-- Arms `nobody` for the calls of a bucket that is covered no more, and clears it when it is covered again. `stranded`
-- names the buckets whose calls have that deadline, so only a change costs a look at the calls.
local function look_at_bucket(bucket, class)
  local name = class .. ':' .. bucket
  local covered = agents_on(function(skills) return covers(skills, bucket:match(':(.*)$')) end, class) > 0
  local stranded = redis.call('SISMEMBER', key('stranded'), name) == 1
  if covered ~= stranded then
    return
  end
  redis.call(covered and 'SREM' or 'SADD', key('stranded'), name)
  for _, id in ipairs(redis.call('ZRANGE', key('waiting', bucket, class), 0, -1)) do
    if covered then
      clear('nobody', id)
    else
      arm_once('nobody', id, NOW + DELAY.nobody)
    end
  end
end

local function look_for_nobody()
  for _, class in ipairs(CLASSES) do
    for _, bucket in ipairs(once('SMEMBERS', key('buckets', class))) do
      look_at_bucket(bucket, class)
    end
  end
end

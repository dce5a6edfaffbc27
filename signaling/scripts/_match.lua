-- Who serves whom. Before an operation no idle agent could take any waiting call (it would have been given); so only calls
-- and agents that the operation freed need a look, and of everybody else only the heads of the buckets that fit.
local WALK = 16

-- Returns the first member of a zset that passes, and its score. Those passed over are few: who is barred, or off shift.
local function first(zset, passes)
  local from = 0
  while true do
    local chunk = redis.call('ZRANGE', zset, from, from + WALK - 1, 'WITHSCORES')
    for i = 1, #chunk, 2 do
      if passes(chunk[i]) then
        return chunk[i], num(chunk[i + 1])
      end
    end
    if #chunk < 2 * WALK then
      return nil
    end
    from = from + WALK
  end
end

local function is_free(agent, row)
  local desk = get('agent', agent)
  return desk ~= nil and desk.state == 'available' and peek('person', agent, 'present')[1] == '1'
    and covers(desk.skills, row.needs) and may_serve(agent, row.class)
end

-- The longest-rested agent who may take this call; for a while after joining the customer's last agent before all others.
local function best_agent(id)
  local row = get('call', id)
  local held_for, last = row.held_for or '', row.last_agent or ''
  if held_for ~= '' then
    return is_free(held_for, row) and held_for or nil
  end
  if last ~= '' and NOW < num(row.last_agent_until_ms) and is_free(last, row) and not barred(id, last) then
    return last
  end
  local some_barred = redis.call('EXISTS', key('declined', id), key('left', id)) > 0
  local best, best_idle
  for _, skills in ipairs(once('SMEMBERS', key('idle_sets'))) do
    if covers(skills, row.needs) then
      local agent, idle = first(key('idle', skills), function(agent)
        return not (some_barred and barred(id, agent)) and may_serve(agent, row.class)
      end)
      if agent and (not best or idle < best_idle or (idle == best_idle and agent < best)) then
        best, best_idle = agent, idle
      end
    end
  end
  return best
end

-- The first call, by class and arrival, that this agent may take; of a class, those first that wait for this agent alone.
local function best_call(agent)
  local skills, held = get('agent', agent).skills, {}
  for _, id in ipairs(redis.call('ZRANGE', key('held', agent), 0, -1)) do
    local row = get('call', id)
    if not held[row.counts_as] and covers(skills, row.needs) then
      held[row.counts_as] = id
    end
  end
  for _, class in ipairs(CLASSES) do
    if may_serve(agent, class) then
      if held[class] then
        return held[class]
      end
      local best, best_seq
      for _, bucket in ipairs(once('SMEMBERS', key('buckets', class))) do
        if covers(skills, bucket:match(':(.*)$')) then
          local id, seq = first(key('waiting', bucket, class), function(id)
            return not barred(id, agent)
          end)
          if id and (not best or seq < best_seq) then
            best, best_seq = id, seq
          end
        end
      end
      if best then
        return best
      end
    end
  end
end

local function reserve(id, agent)
  put('call', id, {agent = agent, ring_until_ms = NOW + DELAY.ring})
  put('agent', agent, {call = id, ended_reason = ''})
  step('call', id, 'reserve')
  step('agent', agent, 'reserve')
  add('record', id, 'reservations', 1)
end

local function before(a, b)
  local row, other = get('call', a), get('call', b)
  local rank, other_rank = RANK[counts_as(row)], RANK[counts_as(other)]
  if rank ~= other_rank then
    return rank < other_rank
  end
  local held, other_held = (row.held_for or '') ~= '', (other.held_for or '') ~= ''
  if held ~= other_held then
    return held
  end
  return num(row.seq) < num(other.seq)
end

-- Gives calls to agents, first call first, until none of the freed ones can be given.
local function match(calls, agents)
  while true do
    local best, taker
    local function consider(id, agent)
      if id and (not best or before(id, best)) then
        best, taker = id, agent
      end
    end
    for _, id in ipairs(calls) do
      local row = get('call', id)
      local agent = row and row.phase == 'queued' and best_agent(id)
      if agent then
        consider(id, agent)
      end
    end
    for _, agent in ipairs(agents) do
      local row = get('agent', agent)
      if row and (row.state == 'available' or row.state == 'rest') and peek('person', agent, 'present')[1] == '1' then
        consider(best_call(agent))
      end
    end
    if not best then
      return
    end
    reserve(best, taker or best_agent(best))
  end
end

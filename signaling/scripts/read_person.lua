-- ARGV: now, person. Reads only: one consistent snapshot for a view.
local id = ARGV[2]
local person = get('person', id)
local answer = {now = NOW, agents_on = agents_on(), waiting_limit = POLICY.waiting_limit}
answer.door_closed = (get('door') or {}).closed == '1'
local states = {}
local flat = redis.call('HGETALL', key('agent_states'))
for i = 1, #flat, 2 do
  states[flat[i]] = num(flat[i + 1])
end
answer.ringing = states.reserved or 0
answer.serving = (states.available or 0) + (states.reserved or 0) + (states.on_call or 0) + (states.after_call or 0)
answer.waiting = redis.call('ZCARD', key('line'))
answer.person = person
if not person then
  return cjson.encode(answer)
end

local call_id = person.call or ''
if person.role == 'agent' then
  answer.agent = get('agent', id)
  local _, last = shift_at(id, NOW)
  answer.shift_until_ms = on_shift(id) and last or 0
  call_id = answer.agent and answer.agent.call or ''
end
local call = call_id ~= '' and get('call', call_id)
if not call then
  return cjson.encode(answer)
end
answer.call_id, answer.call = call_id, call
if call.agent ~= '' then
  local other = other_of(id, call)
  answer.other_id, answer.other = other, get('person', other)
end
if person.role == 'customer' and call.phase ~= 'closed' then
  answer.agents_on = agents_on(function(skills) return covers(skills, call.needs) end)
end
if person.role == 'customer' and STATE_OF[call.phase] == 'waiting' then
  answer.hope = hope(call_id, call.needs, true)
  local ahead = 0
  for _, class in ipairs(CLASSES) do
    for _, bucket in ipairs(redis.call('SMEMBERS', key('buckets', class))) do
      local zset = key('waiting', bucket, class)
      if class == call.class then
        ahead = ahead + redis.call('ZCOUNT', zset, '-inf', '(' .. call.seq)
      else
        ahead = ahead + redis.call('ZCARD', zset)
      end
    end
    if class == call.class then
      break
    end
  end
  answer.place = ahead + 1
  local pace = redis.call('LRANGE', key('pace', call.queue), 0, -1)
  answer.pace = #pace > 0 and pace or nil
end
return cjson.encode(answer)

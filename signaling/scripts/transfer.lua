-- ARGV: now, agent, call, epoch, to whom ('' for anybody), way of signing, another need ('' for none), sealed note. The
-- customer goes back to the head of the line, with what the agent says is needed; who is named is asked first, and
-- whoever can take it when that one does not.
local agent, id, to, sign, need = ARGV[2], ARGV[3], ARGV[5], ARGV[6], ARGV[7]
local call = get('call', id)
if not call or call.agent ~= agent or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
if call.epoch ~= ARGV[4] then
  return refuse('stale')
end
local function plus(needs, label)
  return label ~= '' and with_need(needs, label) or needs
end
local base = plus(call.base_needs or call.needs, need)
local sign_need = sign ~= '' and sign or call.sign_need or ''
local needs = plus(base, sign_need)
local function possible(wanted)
  return somebody(wanted, call.class, function(other)
    return other ~= agent and not barred(id, other) and not on_break(other)
      and redis.call('HGET', key('person', other), 'present') == '1'
  end)
end
local function can(wanted)
  if to == '' then
    return possible(wanted)
  end
  return to ~= agent and not barred(id, to) and is_free(to, {needs = wanted, class = call.class})
end
if not can(needs) then
  if to ~= '' then
    return refuse('not_free')
  end
  if sign ~= '' or sign_need == '' or not possible(base) then
    return refuse('nobody_else')
  end
  needs, sign_need = base, ''
end
-- What it is about goes along, where somebody knows it.
local about = plus(needs, call.topic or '')
if about ~= needs and can(about) then
  needs = about
end
local fields = {
  needs = needs, base_needs = base, sign_need = sign_need, handover = ARGV[8], handover_from = agent,
}
local facts = {needs = needs, transfers = num((get('record', id) or {}).transfers) + 1}
if sign ~= '' then
  fields.sign_language, facts.sign_language = sign, sign
end
if to ~= '' then
  fields.last_agent, fields.last_agent_until_ms = to, NOW + DELAY.ring
end
put('call', id, fields)
put('record', id, facts)
if to ~= '' then
  on_timeline(id, 'transferred_to', to)
end
-- Before the step: entering the line, the call is matched at once. It comes back when nobody else takes it.
redis.call('SADD', key('declined', id), agent)
local asked = requeue(id, 'transferred')
free_agent(agent, id, 'transferred')
match({id}, {asked})
return done()

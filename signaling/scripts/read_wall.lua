-- ARGV: now, start of today. Reads only.
local calls = {waiting = {}, active = {}}
local listed = {}

local function list_calls(list, zset)
  for _, id in ipairs(redis.call('ZRANGE', zset, 0, POLICY.wall_limit - 1)) do
    local row = get('call', id)
    if row and not listed[id] and #calls[list] < POLICY.wall_limit then
      listed[id] = true
      local customer = get('person', row.customer) or {}
      calls[list][#calls[list] + 1] = {
        call = id, phase = row.phase, queue = row.queue, class = row.class, counts_as = counts_as(row), seq = num(row.seq),
        joined_ms = num(row.joined_ms), since_ms = num(row.since_ms), agent = row.agent,
        customer_present = customer.present == '1',
        watch = row.watch_refused == '1' and 'refused' or (row.watcher or '') ~= '' and 'taken' or '',
      }
    end
  end
end

-- The higher classes first: an urgent call is on the wall however long the line is.
for _, class in ipairs(CLASSES) do
  for _, bucket in ipairs(redis.call('SMEMBERS', key('buckets', class))) do
    if class ~= CLASSES[#CLASSES] then
      list_calls('waiting', key('waiting', bucket, class))
    end
  end
end
list_calls('waiting', key('line'))
list_calls('active', key('active'))
local matters = {}
for _, id in ipairs(redis.call('ZRANGE', key('urgent_matters'), 0, POLICY.wall_limit - 1)) do
  local record, row = get('record', id), get('call', id) or {}
  if record then
    local owner = record.urgent_owner or ''
    matters[#matters + 1] = {
      call = id, phase = row.phase or 'closed', since_ms = num(record.joined_ms), reason = record.reason,
      owner = owner, name = owner ~= '' and (get('person', owner) or {}).name or '',
      proposed_ms = num(record.proposed_ms), escalated = record.escalated or '',
      proposal_within_ms = num(record.proposal_within_ms), solution_within_ms = num(record.solution_within_ms),
    }
  end
end
local promises = {}
for _, id in ipairs(redis.call('ZRANGE', key('promise_care'), 0, POLICY.wall_limit - 1)) do
  local record = get('record', id)
  if record then
    promises[#promises + 1] = {
      call = id, name = (get('person', record.follow_up_owner or '') or {}).name or '',
      due_ms = num(record.follow_up_due_ms), late_ms = num(record.promise_late_ms),
      urged_ms = num(record.promise_urged_ms), away = record.promise_away or '',
    }
  end
end
local agents = {}
for _, id in ipairs(redis.call('ZRANGE', key('agents'), 0, -1)) do
  local row = get('agent', id)
  if row then
    local first, last = shift_at(id, NOW)
    agents[#agents + 1] = {
      agent = id, name = (get('person', id) or {}).name or '', state = row.state, since_ms = num(row.since_ms),
      shift_until_ms = first and last or 0, away = row.away,
      signing_ms = num(row.signing_ms), signing_from_ms = num(row.signing_from_ms),
      working_until_ms = num(row.working_until_ms), day_signing_ms = signed_today(row),
      rest_until_ms = row.state == 'rest' and num(redis.call('ZSCORE', key('deadlines'), 'rest:' .. id)) or 0,
      break_from_ms = num(row.break_from_ms), break_owed_ms = num(row.break_owed_ms),
      break_until_ms = num(row.break_until_ms), break_asked_ms = num(row.break_asked_ms),
      break_wanted = row.break_wanted == '1',
    }
  end
end
local sums = {offered = 0, answered = 0, within_target = 0, abandoned = 0}
local by_queue, names = {}, {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', key('rollups'), ARGV[2], '+inf')) do
  local row, queue = get('rollup', member) or {}, member:match('^(.*):')
  for field, sum in pairs(sums) do
    sums[field] = sum + num(row[field])
  end
  local of = by_queue[queue]
  if not of then
    of = {}
    by_queue[queue], names[#names + 1] = of, queue
  end
  for _, class in ipairs(CLASSES) do
    of[class] = of[class] or {offered = 0, within = 0}
    of[class].offered = of[class].offered + num(row['offered_' .. class])
    of[class].within = of[class].within + num(row['within_' .. class])
  end
end
-- Each queue and class of which a call has come today, against its target.
local classes = {}
table.sort(names)
for _, queue in ipairs(names) do
  local rules = get('queue', queue) or {}
  for _, class in ipairs(CLASSES) do
    local sum = by_queue[queue][class]
    if sum.offered > 0 then
      local target_ms, share = num(rules['target_' .. class]), num(rules['share_' .. class])
      classes[#classes + 1] = {
        queue = queue, class = class, offered = sum.offered, within = sum.within,
        target_ms = target_ms > 0 and target_ms or POLICY.target_ms, goal = share > 0 and share or POLICY.goal_percent,
      }
    end
  end
end
return '{"now":' .. int(NOW) .. ',"waiting":' .. encode_list(calls.waiting) .. ',"active":' .. encode_list(calls.active)
  .. ',"matters":' .. encode_list(matters) .. ',"promises":' .. encode_list(promises) .. ',"agents":' .. encode_list(agents) .. ',"today":' .. cjson.encode(sums)
  .. ',"classes":' .. encode_list(classes) .. '}'

-- ARGV: now, agent, call, outcome, sealed note, due in hours (0: no follow-up). Said in after-call work of that call; the
-- last word counts. A promise that is only said again keeps its time, and stays done when it is done. Nothing is noted of
-- a customer who was erased meanwhile.
local agent, id, outcome, note, due_in_h = ARGV[2], ARGV[3], ARGV[4], ARGV[5], num(ARGV[6])
local row, record = get('agent', agent), get('record', id)
if not row or row.state ~= 'after_call' or row.after_call_of ~= id or not record or record.customer == '' then
  return refuse('no_call')
end
local promised = outcome == 'follow_up'
local again = promised and record.follow_up_owner == agent and num(record.follow_up_in_h) == due_in_h
if not again then
  local due = promised and NOW + due_in_h * 3600000 or 0
  if PROMISE.is_open(id) then
    PROMISE.shut(id)
  end
  put('record', id, {
    follow_up_due_ms = due, follow_up_in_h = due_in_h, follow_up_owner = promised and agent or '',
  })
  if promised then
    put('record', id, {
      promise_urged_ms = 0, promise_late_ms = 0, promise_done_ms = 0, promise_done_by = '', promise_away = '',
      promise_called = '', promise_called_ms = 0, promise_call = '',
    })
  end
  redis.call('ZREM', key('messages', 'done'), id)
  if promised then
    PROMISE.begin(id, agent, due)
  end
end
local before, anew = record.outcome or '', record.outcome ~= outcome
put('record', id, {outcome = outcome})
-- A call that was to keep a promise has kept it, or has put another one in its place, unless it was cut off.
local kept = record.call_back_of or ''
if kept ~= '' and get('record', kept) then
  if outcome ~= 'cut_off' then
    PROMISE.keep(kept, id)
  else
    put('record', kept, {promise_called = ''})
    if get('record', kept).promise_done_by == id then
      PROMISE.reopen(kept)
    end
  end
end
-- What an agent says of an urgent call is what is proposed, unless it was cut off before. That it is not solved takes back
-- the agents' own word, and nobody else's; and what is only said again does not undo what the customer said since.
local SETTLED = {solved = true, misdirected = true}
local settled = SETTLED[outcome] and (anew or record.solved ~= 'no')
if not SETTLED[outcome] and SETTLED[before] and (record.solved_by or 'agent') == 'agent' then
  reopen_matter(id)
end
if is_open_matter(id) and outcome ~= 'cut_off' then
  if num(record.proposed_ms) == 0 then
    put('record', id, {proposed_ms = NOW})
  end
  clear('proposal', id)
  if settled then
    solve_matter(id, 'agent')
  end
  wake('queue', '')
end
if note == '' then
  -- Of who has noted nothing, it says nothing of what a colleague noted.
  if (record.note_by or agent) == agent then
    redis.call('DEL', key('call_note', id))
  end
else
  put('record', id, {note_by = agent})
  -- A record that has an end already, because its call is over, ends with its note or after it.
  local left = redis.call('PTTL', key('record', id))
  local kept = left > 0 and math.min(left, POLICY.note_retention_ms) or POLICY.note_retention_ms
  redis.call('SET', key('call_note', id), note, 'PX', int(kept))
end
wake('person', agent)
wake('person', record.customer)
return done()

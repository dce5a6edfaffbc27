-- ARGV: now, call, who, '1' when only as its owner. An open urgent matter is solved, by somebody's word.
local id, by = ARGV[2], ARGV[3]
local record = get('record', id)
if not record or not is_open_matter(id) then
  return refuse('no_matter')
end
if ARGV[4] == '1' and (record.urgent_owner or '') ~= by then
  return refuse('not_yours')
end
if num(record.proposed_ms) == 0 then
  put('record', id, {proposed_ms = NOW})
end
solve_matter(id, by)
PROMISE.tell(record.urgent_owner or '')
return done()

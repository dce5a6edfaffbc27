-- ARGV: now, customer, call, solved ("yes", "no" or ""), face (1 to 5, 0 for none). The last word counts.
local id = ARGV[3]
local record = get('record', id)
if not record or record.customer ~= ARGV[2] or num(record.answered_ms) == 0 then
  return refuse('no_call')
end
if ARGV[4] == 'yes' and is_open_matter(id) then
  put('record', id, {solved_ms = NOW})
  close_matter(id)
end
put('record', id, {solved = ARGV[4], face = num(ARGV[5])})
return done()

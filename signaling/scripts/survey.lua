-- ARGV: now, customer, call, solved ("yes", "no" or ""), face (1 to 5, 0 for none). The last word counts.
local id = ARGV[3]
local record = get('record', id)
if not record or record.customer ~= ARGV[2] or num(record.answered_ms) == 0 then
  return refuse('no_call')
end
-- The customer's last word counts over whoever said before that it was solved; what was no matter of ours stays none.
if ARGV[4] == 'yes' and is_open_matter(id) then
  solve_matter(id, 'customer')
elseif ARGV[4] == 'yes' and num(record.solved_ms) > 0 then
  put('record', id, {solved_by = 'customer'})
elseif ARGV[4] == 'no' and record.outcome ~= 'misdirected' or record.solved_by == 'customer' then
  reopen_matter(id)
end
put('record', id, {solved = ARGV[4], face = num(ARGV[5])})
return done()

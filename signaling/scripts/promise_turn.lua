-- ARGV: now, call, 'open' or 'done', who, '1' when only as its owner. Turning it twice is turning it once.
local id = ARGV[2]
local record = get('record', id)
local open = PROMISE.is_open(id)
if not record or not (open or redis.call('ZSCORE', key('messages', 'done'), id)) then
  return refuse('no_promise')
end
if ARGV[5] == '1' and record.follow_up_owner ~= ARGV[4] then
  return refuse('no_promise')
end
if ARGV[3] == 'done' then
  PROMISE.keep(id, ARGV[4])
else
  PROMISE.reopen(id)
end
return done()

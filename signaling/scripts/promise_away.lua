-- ARGV: now, then pairs of a call and why its owner cannot keep the promise ('' for no reason any more).
for i = 2, #ARGV, 2 do
  local id, why = ARGV[i], ARGV[i + 1]
  local record = get('record', id)
  if record and PROMISE.is_open(id) and (record.promise_away or '') ~= why then
    put('record', id, {promise_away = why})
    if why ~= '' then
      PROMISE.care(id)
    elseif num(record.promise_late_ms) == 0 and num(record.promise_urged_ms) == 0 then
      redis.call('ZREM', key('promise_care'), id)
    end
    wake('queue', '')
  end
end
return done()

-- ARGV: now, coordinator, call, how ("coach", "watch", "join" or "leave").
local person, id, how = ARGV[2], ARGV[3], ARGV[4]
local seat, call = get('person', person), get('call', id)
if not seat or seat.present ~= '1' then
  return refuse('not_connected')
end
local mine = call and call.watcher == person
if how == 'leave' then
  if mine then
    WATCH.finish(id, '')
  end
  put('person', person, {watch_ended = ''})
  wake('person', person)
  return done()
end
if not call or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
if how == 'watch' and call.watch_refused == '1' then
  return refuse('watch_refused')
end
if not mine and (call.watcher or '') ~= '' then
  return refuse('watched')
end
if how == 'join' then
  if not mine or not WATCH.sees(call) then
    return refuse('wrong_state')
  end
  if call.watch_state == 'in' then
    put('call', id, {watch_state = 'joined'})
    on_timeline(id, 'watch_joined', person)
    WATCH.tell(id)
  end
  return done()
end
if (seat.watch or '') ~= '' and seat.watch ~= id then
  WATCH.finish(seat.watch, '')
end
if not mine then
  -- What another coordinator wrote is not this one's to read.
  redis.call('DEL', key('coach', id))
  put('call', id, {watcher = person, watch_state = 'coach', coach_seq = 0, coach_read = 0})
end
put('person', person, {watch = id, watch_ended = ''})
if how == 'coach' then
  if call.watch_state ~= 'coach' then
    WATCH.see_nothing(id)
  end
elseif call.watch_state == 'coach' then
  if call.watch_allowed == person then
    WATCH.begin(id)
  else
    arm('watch', id, NOW + DELAY.watch)
    put('call', id, {watch_state = 'asked', watch_until_ms = NOW + DELAY.watch, watch_ask = num(call.watch_ask) + 1})
  end
end
WATCH.tell(id)
return done()

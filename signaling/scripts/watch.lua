-- ARGV: now, coordinator, call, how ("coach", "watch", "join", "prepare", "show", "hide" or "leave").
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
local further = how == 'join' or how == 'prepare' or how == 'show' or how == 'hide'
if further and (not mine or not WATCH.sees(call)) then
  return refuse('wrong_state')
end
if how == 'prepare' or how == 'show' then
  if call.watch_unseen == '1' then
    return refuse('picture_refused')
  end
  local places = #helpers_of(call) + ((call.invited or '') ~= '' and 1 or 0)
  if places >= MOST_HELPERS and call.watch_picture ~= 'shown' then
    return refuse('call_full')
  end
end
if how == 'prepare' then
  if not WATCH.has_camera(call) then
    put('call', id, {watch_picture = 'ready'})
    wake('person', person)
  end
  return done()
end
if how == 'show' then
  local open = WATCH.has_camera(call) and WATCH.is_guest(seat.leg) and seat.leg_state == 'live'
  if not open then
    return refuse('no_picture')
  end
  if call.watch_picture == 'ready' or call.watch_picture == 'unanswered' then
    if call.watch_shown_by == person then
      WATCH.show(id)
    else
      WATCH.ask(id, {watch_picture = 'asked'})
    end
  end
  WATCH.tell(id)
  return done()
end
if how == 'hide' then
  WATCH.hide(id)
  WATCH.tell(id)
  return done()
end
if how == 'join' then
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
  put('call', id, {watcher = person, watch_state = 'coach', watch_picture = '', coach_seq = 0, coach_read = 0})
end
put('person', person, {watch = id, watch_ended = ''})
if how == 'coach' then
  if call.watch_state ~= 'coach' then
    WATCH.see_nothing(id)
  end
elseif call.watch_state == 'joined' then
  WATCH.hide(id)
  put('call', id, {watch_state = 'in'})
elseif call.watch_state == 'coach' then
  if call.watch_allowed == person then
    WATCH.begin(id)
  else
    WATCH.ask(id, {watch_state = 'asked'})
  end
end
WATCH.tell(id)
return done()

-- ARGV: now, customer, call, number of the question, '1' or '0', '1' for an answer about the coordinator's own picture.
-- A no is for the whole call, and may come at any time.
local id, allow = ARGV[3], ARGV[5] == '1'
local call = get('call', id)
if not call or call.customer ~= ARGV[2] or STATE_OF[call.phase] ~= 'active' then
  return refuse('no_call')
end
local state = call.watch_state or ''
if ARGV[6] == '1' then
  if not allow then
    put('call', id, {watch_unseen = 1, watch_shown_by = ''})
    WATCH.hide(id)
    WATCH.tell(id)
  elseif call.watch_picture == 'asked' and call.watch_ask == ARGV[4] then
    WATCH.show(id)
  elseif call.watch_picture ~= 'shown' or call.watch_ask ~= ARGV[4] then
    return refuse('stale')
  end
  return done()
end
if not allow then
  put('call', id, {watch_refused = 1, watch_allowed = '', watch_shown_by = ''})
  if state == 'asked' or WATCH.sees(call) then
    WATCH.finish(id, 'refused')
  end
elseif WATCH.sees(call) and call.watch_ask == ARGV[4] then
  return done()
elseif state ~= 'asked' or call.watch_ask ~= ARGV[4] then
  return refuse('stale')
else
  WATCH.begin(id)
end
return done()

-- ARGV: now, person, leg, worker. The newest leg is the person's only one.
local person = ARGV[2]
local row = get('person', person)
if not row then
  return refuse('not_connected')
end
local id, call = call_of(person)
local live = id and STATE_OF[call.phase] == 'active'
set_object(person, '')
if row.role == 'agent' then
  expire(POLICY.retention_ms, 'agent_background', person)
end
put('person', person, {
  leg = ARGV[3], leg_worker = ARGV[4], leg_ms = NOW, leg_call = live and id or '', picture = '', picture_reason = '',
  narrow = 0, camera_fps = 0,
})
step('leg', person, 'offered')
clear('no_picture', person)
wake('person', person)
WATCH.leg_moved(person)
if live then
  wake('person', other_of(person, call))
end
-- Who rests with a picture can be asked by an urgent call.
match({}, {person})
return done()

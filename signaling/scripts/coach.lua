-- ARGV: now, person, call, text (sealed). Between the coordinator beside a call and its agent; deleted with the call.
local LINES = 20
local person, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or (call.watcher or '') == ''
  or (call.watcher ~= person and call.agent ~= person) then
  return refuse('no_call')
end
-- What was for another agent is not this one's to read.
if call.coach_of ~= call.agent then
  redis.call('DEL', key('coach', id))
  put('call', id, {coach_of = call.agent, coach_seq = 0, coach_read = 0})
end
add('call', id, 'coach_seq', 1)
local seq = num(call.coach_seq)
redis.call('RPUSH', key('coach', id), cjson.encode({v = SCHEMA, seq = seq, at = NOW, person = person, text = ARGV[4]}))
redis.call('LTRIM', key('coach', id), -LINES, -1)
expire(POLICY.photo_most_ms, 'coach', id)
if person == call.agent then
  put('call', id, {coach_read = seq})
end
wake('person', call.agent)
wake('person', call.watcher)
return done({seq = seq})

-- ARGV: now, coordinator. Reads only: the call that this one is beside, for a view and for the media.
local seat = get('person', ARGV[2])
local answer = {now = NOW, person = seat}
local id = seat and seat.watch or ''
local call = id ~= '' and get('call', id)
if call and call.watcher == ARGV[2] then
  answer.call_id, answer.call = id, call
  answer.agent = call.agent ~= '' and get('person', call.agent) or nil
  answer.customer = get('person', call.customer)
  local helpers = {}
  for at, agent in ipairs(helpers_of(call)) do
    helpers[at] = {agent = agent, person = get('person', agent)}
  end
  answer.helpers = #helpers > 0 and helpers or nil
  local lines = call.coach_of == call.agent and redis.call('LRANGE', key('coach', id), 0, -1) or {}
  answer.lines = #lines > 0 and lines or nil
end
return cjson.encode(answer)

-- ARGV: now, person, call, after_seq. Reads only.
local call = get('call', ARGV[3])
if not call or (call.customer ~= ARGV[2] and call.agent ~= ARGV[2] and not helps(ARGV[2], ARGV[3])) then
  return refuse('no_call')
end
-- Numbers grow by one, so the last (total - after) lines of the list are the newer ones.
local newer = num(call.text_seq) - num(ARGV[4])
if newer <= 0 then
  return cjson.encode({count = 0})
end
local lines = redis.call('LRANGE', key('texts', ARGV[3]), -newer, -1)
return cjson.encode({
  count = #lines, lines = #lines > 0 and lines or nil, customer = call.customer, agent = call.agent,
  helper = call.helper or '',
})

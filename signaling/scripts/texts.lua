-- ARGV: now, person, call, after_seq. Reads only.
local call = get('call', ARGV[3])
if not call or not takes_part(ARGV[2], call) then
  return refuse('no_call')
end
-- Numbers grow by one, so the last (total - after) lines of the list are the newer ones.
local newer = num(call.text_seq) - num(ARGV[4])
if newer <= 0 then
  return cjson.encode({count = 0})
end
local lines = redis.call('LRANGE', key('texts', ARGV[3]), -newer, -1)
local names = {}
for _, line in ipairs(lines) do
  local writer = cjson.decode(line).person
  if writer ~= call.customer then
    names[writer] = (get('person', writer) or {}).name
  end
end
return cjson.encode({
  count = #lines, lines = #lines > 0 and lines or nil, names = next(names) and names or nil,
  customer = call.customer, present = people_of(call),
})

-- ARGV: now, person, leg, state, reason. What viewers of this person see.
local person = ARGV[2]
local row = get('person', person)
if row and row.leg == ARGV[3] and (row.picture ~= ARGV[4] or row.picture_reason ~= ARGV[5]) then
  put('person', person, {picture = ARGV[4], picture_reason = ARGV[5]})
  wake('person', person)
  local id, call = call_of(person)
  if id then
    wake('person', other_of(person, call))
  end
end
return done()

-- ARGV: now, person, 0 or 1, 0 or 1 for whether the phone did it. Said by the person; the leg's state follows where that means something.
local person = ARGV[2]
local row = get('person', person)
if row and (row.paused ~= ARGV[3] or (row.by_phone or '0') ~= ARGV[4]) then
  put('person', person, {paused = ARGV[3], by_phone = ARGV[4]})
  step('leg', person, ARGV[3] == '1' and 'pause' or 'unpause')
  wake('person', person)
  local id, call = call_of(person)
  if id and call.agent ~= '' then
    wake('person', other_of(person, call))
  end
end
return done()

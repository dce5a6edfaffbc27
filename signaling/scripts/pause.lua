-- ARGV: now, person, 0 or 1. Said by the person; the leg's state follows where that means something.
local person = ARGV[2]
local row = get('person', person)
if row and row.paused ~= ARGV[3] then
  put('person', person, {paused = ARGV[3]})
  step('leg', person, ARGV[3] == '1' and 'pause' or 'unpause')
  wake('person', person)
  local id, call = call_of(person)
  if id and call.agent ~= '' then
    wake('person', other_of(person, call))
  end
end
return done()

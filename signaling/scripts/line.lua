-- ARGV: now, person, leg, narrow, camera_fps. Whether this person's line carries fluent signing.
local person = ARGV[2]
local row = get('person', person)
if row and row.leg == ARGV[3] and (row.narrow ~= ARGV[4] or row.camera_fps ~= ARGV[5]) then
  put('person', person, {narrow = ARGV[4], camera_fps = ARGV[5]})
  wake('person', person)
  local id, call = call_of(person)
  if id and call.agent ~= '' then
    wake('person', other_of(person, call))
  end
end
return done()

-- ARGV: now, person, leg, box (JSON, "" for none). What a worker shows beside the signer; only the newest leg counts.
local person = ARGV[2]
local row = get('person', person)
if row and row.leg == ARGV[3] then
  set_object(person, ARGV[4])
end
return done()

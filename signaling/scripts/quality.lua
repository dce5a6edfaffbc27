-- ARGV: now, person, leg, call, word, facts as JSON. How a leg's picture reached the other person of a call, so far.
-- A call that is over keeps its facts: the last ones come after its end. Nothing that is gone comes back by them.
local person, leg, call_id, word = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local facts = cjson.decode(ARGV[6])
local row = get('person', person)
local open, call
if row and row.leg == leg then
  local id
  id, call = call_of(person)
  open = id == call_id
end
local record = get('record', call_id)
if record then
  local legs = cjson.decode(record.legs)
  for _, fact in ipairs(legs) do
    -- Two nodes may write the same; whoever is late must not take a newer count back.
    if fact.leg == leg and num((fact.quality or {}).seconds) <= facts.seconds then
      fact.quality = facts
      put('record', call_id, {legs = encode_list(legs)})
    end
  end
end
local of = call_id .. '/' .. leg
if open and (row.quality ~= word or row.quality_of ~= of) then
  put('person', person, {quality = word, quality_of = of})
  wake('person', person)
  if call.agent ~= '' then
    wake('person', other_of(person, call))
  end
end
return done()

-- ARGV: now, person, role, socket, node, name, skills, verified, site, locale, and of a customer the queue and what the
-- host says an agent must have. The newest socket wins.
local person, socket = ARGV[2], ARGV[4]
local row = get('person', person)
if not row then
  put('person', person, {
    present = 0, call = '', leg = '', leg_worker = '', leg_call = '', leg_state = 'inviting', leg_ms = 0,
    paused = 0, picture = '', picture_reason = '',
  })
elseif (row.socket or '') ~= '' and row.socket ~= socket then
  -- Whoever is gone by what is stored may have an open socket still, on a node that stood still.
  wake('replaced', person, {socket = row.socket})
end
put('person', person, {
  role = ARGV[3], socket = socket, node = ARGV[5], name = ARGV[6], skills = ARGV[7], verified = ARGV[8],
  site = ARGV[9], locale = ARGV[10], queue = ARGV[11], needs = ARGV[12],
})
back(person)
wake('person', person)
return done()

-- ARGV: now, person, role, socket, node, name, skills, verified, site, locale, of a customer the queue and what the host
-- says an agent must have, the digest of the token by which the socket came ('' for none), and of one that came before
-- and that the store has forgotten when that token was given out ('' for others). The newest socket wins: the one whose
-- token was given out last. A slow node may read what an old one says when its page has given it up and is here on
-- another one already.
local person, socket = ARGV[2], ARGV[4]
local row = get('person', person)
local again = ARGV[14] ~= ''
local since = again and num(ARGV[14]) or 0
if not again and ARGV[13] ~= '' then
  since = num(redis.call('GET', key('spent', ARGV[13])))
  since = since > 0 and since or NOW  -- a failover has lost when it was given out; it was taken just now
end
if row and (row.socket or '') ~= '' and row.socket ~= socket then
  local late = since > 0 and since < num(row.since)
  if late or (again and row.present == '1' and since <= num(row.since)) then
    return refuse('superseded')
  end
end
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
  site = ARGV[9], locale = ARGV[10], queue = ARGV[11], needs = ARGV[12], since = since,
})
back(person)
wake('person', person)
return done({since = since})

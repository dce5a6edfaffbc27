-- ARGV: now, person, socket. Ignored when the person has a newer socket.
local row = get('person', ARGV[2])
if row and row.socket == ARGV[3] then
  gone(ARGV[2])
end
return done()

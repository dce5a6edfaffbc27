-- ARGV: now, changes of requests as JSON (_requests.lua). All of them, or none; the roster stays as it is.
local changes = cjson.decode(ARGV[2])
if requests_moved(changes) then
  return refuse('request_changed')
end
keep_requests(changes)
return done()

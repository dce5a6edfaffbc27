-- ARGV: now, then person, socket and when its token was given out (0: not known), again and again. Only the newest
-- socket's beat counts. Answers with who is not here by what is stored, or on an older socket, and yet has this one open:
-- a failover has lost that it came. And with the sockets of those who are here on a newer one: whoever was to close them
-- may not have heard it.
local unknown, replaced = {}, {}
for i = 2, #ARGV, 3 do
  local seen = redis.call('HMGET', key('person', ARGV[i]), 'socket', 'present', 'since')
  if seen[1] == ARGV[i + 1] then
    if seen[2] == '1' then
      redis.call('ZADD', key('presence'), int(NOW + POLICY.presence_ttl_ms), ARGV[i])
    else
      back(ARGV[i])
    end
  elseif seen[2] ~= '1' or num(ARGV[i + 2]) > num(seen[3]) then
    unknown[#unknown + 1] = ARGV[i]
  else
    replaced[#replaced + 1] = ARGV[i + 1]
  end
end
return done({unknown = #unknown > 0 and unknown or nil, replaced = #replaced > 0 and replaced or nil})

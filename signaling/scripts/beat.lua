-- ARGV: now, then person, socket pairs. Only the newest socket's beat counts. Answers with who is not here by what is
-- stored, and yet has an open socket: a failover has lost that it came. And with the sockets of those who are here on a
-- newer one: whoever was to close them may not have heard it.
local unknown, replaced = {}, {}
for i = 2, #ARGV, 2 do
  local seen = redis.call('HMGET', key('person', ARGV[i]), 'socket', 'present')
  if seen[1] == ARGV[i + 1] then
    if seen[2] == '1' then
      redis.call('ZADD', key('presence'), int(NOW + POLICY.presence_ttl_ms), ARGV[i])
    else
      back(ARGV[i])
    end
  elseif seen[2] ~= '1' then
    unknown[#unknown + 1] = ARGV[i]
  else
    replaced[#replaced + 1] = ARGV[i + 1]
  end
end
return done({unknown = #unknown > 0 and unknown or nil, replaced = #replaced > 0 and replaced or nil})

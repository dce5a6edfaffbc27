-- ARGV: now, then person, socket pairs. Only the newest socket's beat counts.
for i = 2, #ARGV, 2 do
  local seen = redis.call('HMGET', key('person', ARGV[i]), 'socket', 'present')
  if seen[1] == ARGV[i + 1] then
    if seen[2] == '1' then
      redis.call('ZADD', key('presence'), int(NOW + POLICY.presence_ttl_ms), ARGV[i])
    else
      back(ARGV[i])
    end
  end
end
return done()

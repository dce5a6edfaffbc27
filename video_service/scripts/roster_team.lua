-- KEYS: a hash with a state: roster_team, campaigns. ARGV: rev that is known ('': whichever), then field, value pairs.
-- The new rev; 0: it has changed since.
local rev = tonumber(redis.call('HGET', KEYS[1], 'rev') or '0')
if ARGV[1] ~= '' and rev ~= tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'rev', string.format('%.0f', rev + 1), unpack(ARGV, 2))
return rev + 1

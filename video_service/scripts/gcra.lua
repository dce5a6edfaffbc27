-- KEYS: one for each limit. ARGV: for each its emission interval (ms), its burst, its lock-out (ms, 0: none).
-- Answers 0 when every limit lets the request pass, and counts it in each; else, counted in none, the milliseconds to
-- wait. A key holds the time at which all that was asked is paid off, or, negative, the end of a lock-out.
-- Source: ITU-T I.371, generic cell rate algorithm, virtual scheduling.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local wait, paid = 0, {}
for i, key in ipairs(KEYS) do
  local interval, burst, lockout = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local stored = tonumber(redis.call('GET', key) or now)
  if stored < 0 then
    wait = math.max(wait, -stored - now)
  else
    paid[i] = math.max(now, stored) + interval
    local early = paid[i] - burst * interval - now
    if early > 0.5 then
      if lockout > 0 then
        early = lockout
        redis.call('SET', key, string.format('%.3f', -(now + lockout)), 'PX', string.format('%.0f', lockout))
      end
      wait = math.max(wait, early)
    end
  end
end
if wait > 0 then
  return math.ceil(wait)
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.3f', paid[i]), 'PX', string.format('%.0f', math.ceil(paid[i] - now)))
end
return 0

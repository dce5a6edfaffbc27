-- Return the leases that have not ended. KEYS[1] sorted set of leases.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGE', KEYS[1], '(' .. string.format('%.0f', now_ms), '+inf', 'BYSCORE')

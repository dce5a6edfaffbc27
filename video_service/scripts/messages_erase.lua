-- KEYS: messages_of:<customer>, messages:open, messages:done. ARGV: prefix of messages. Returns how many were erased.
local erased = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  erased = erased + redis.call('DEL', ARGV[1] .. id)
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
end
redis.call('DEL', KEYS[1])
return erased

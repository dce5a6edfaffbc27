-- KEYS: callbacks, callback_of:<customer>, callbacks_rev. ARGV: prefix of callbacks. Returns how many were ended.
local id = redis.call('GET', KEYS[2])
if not id then
  return 0
end
redis.call('DEL', ARGV[1] .. id, KEYS[2])
redis.call('ZREM', KEYS[1], id)
redis.call('INCR', KEYS[3])
return 1

-- KEYS: a key. ARGV: its type, the field or index within it, the old value, the new one.
-- Puts the new value where the old one still stands; whatever was written meanwhile stays. A lifetime stays too.
local kind, where, old, new = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if kind == 'string' then
  if redis.call('GET', KEYS[1]) == old then
    redis.call('SET', KEYS[1], new, 'KEEPTTL')
    return 1
  end
elseif kind == 'hash' then
  if redis.call('HGET', KEYS[1], where) == old then
    redis.call('HSET', KEYS[1], where, new)
    return 1
  end
elseif redis.call('LINDEX', KEYS[1], where) == old then
  redis.call('LSET', KEYS[1], where, new)
  return 1
end
return 0

-- KEYS: a key. ARGV: the value that goes. What was written meanwhile stays. 1: it is gone; 0: another one stands there.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0

-- KEYS: record:<call>, call:<call>, texts:<call>, call_note:<call>, photos:<call>, follow_ups, messages:done, urgent_matters,
-- promise_care, deadlines. ARGV: customer, call, prefix of the lists of an owner's promises.
-- Takes the customer out of a closed call. What is left is facts of nobody, which the sums of planning need.
local owner = redis.call('HGET', KEYS[1], 'customer')
if owner == ARGV[1] then
  redis.call('HSET', KEYS[1], 'customer', '', 'locale', '', 'sign_language', '')
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  redis.call('ZREM', KEYS[6], ARGV[2])
  redis.call('ZREM', KEYS[7], ARGV[2])
  redis.call('ZREM', KEYS[8], ARGV[2])
  redis.call('ZREM', KEYS[9], ARGV[2])
  redis.call('ZREM', KEYS[10], 'promise:' .. ARGV[2])
  redis.call('ZREM', ARGV[3] .. (redis.call('HGET', KEYS[1], 'follow_up_owner') or ''), ARGV[2])
  return 1
end
return 0

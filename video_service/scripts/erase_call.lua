-- KEYS: record:<call>, call:<call>, texts:<call>, call_note:<call>, photos:<call>, follow_ups, messages:done, urgent_matters.
-- ARGV: customer, call.
-- Takes the customer out of a closed call. What is left is facts of nobody, which the sums of planning need.
local owner = redis.call('HGET', KEYS[1], 'customer')
if owner == ARGV[1] then
  redis.call('HSET', KEYS[1], 'customer', '', 'locale', '', 'sign_language', '')
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  redis.call('ZREM', KEYS[6], ARGV[2])
  redis.call('ZREM', KEYS[7], ARGV[2])
  redis.call('ZREM', KEYS[8], ARGV[2])
  return 1
end
return 0

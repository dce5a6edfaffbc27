-- KEYS: person:<person>, resume_of:<person>, presence, wakes. ARGV: prefix of calls, prefix of resume tokens, person.
-- Forgets a customer. 0: nothing was known; 1: forgotten; -1: the customer waits or is in a call, and nothing is done.
local call = redis.call('HGET', KEYS[1], 'call')
if call and call ~= '' then
  local phase = redis.call('HGET', ARGV[1] .. call, 'phase')
  if phase and phase ~= 'closed' then
    return -1
  end
end
local digest = redis.call('GET', KEYS[2])
if digest then
  redis.call('DEL', ARGV[2] .. digest)
end
redis.call('ZREM', KEYS[3], ARGV[3])
local socket = redis.call('HGET', KEYS[1], 'socket')
if socket and socket ~= '' then
  redis.call('PUBLISH', KEYS[4], cjson.encode({{kind = 'signed_out', id = ARGV[3], socket = socket}}))
end
return math.min(1, redis.call('DEL', KEYS[1], KEYS[2]))

-- ARGV: now, person, call, photo. Before a photo is decoded: may this person send one more? Counts the tries.
local person, id = ARGV[2], ARGV[3]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or not takes_part(person, call) then
  return refuse('no_call')
end
local photos = key('photos', id)
local known = redis.call('HEXISTS', photos, ARGV[4]) == 1
if not known then
  local tries = redis.call('HINCRBY', photos, 'tries', 1)
  redis.call('HSET', photos, 'v', SCHEMA)
  expire(POLICY.photo_most_ms, 'photos', id)
  if tries > POLICY.photo_tries or redis.call('HLEN', photos) - 2 >= POLICY.photos then
    return refuse('photos_full')
  end
end
return done({known = known})

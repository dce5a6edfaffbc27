-- ARGV: now, person, call, text, line (its number while it was written, 0 for none), photo (its id, "" for none), its
-- bytes, sealed.
local person, id, photo = ARGV[2], ARGV[3], ARGV[6]
local call = get('call', id)
if not call or STATE_OF[call.phase] ~= 'active' or not takes_part(person, call) then
  return refuse('no_call')
end
if photo ~= '' then
  local photos = key('photos', id)
  -- Beside the photos stand the version and the count of tries.
  if redis.call('HLEN', photos) - 2 >= POLICY.photos then
    return refuse('photos_full')
  end
  if redis.call('HSETNX', photos, photo, ARGV[7]) == 0 then
    return done({seq = num(call.text_seq)})
  end
  expire(POLICY.photo_most_ms, 'photos', id)
end
add('call', id, 'text_seq', 1)
local seq = num(call.text_seq)
local line = cjson.encode({
  v = SCHEMA, seq = seq, at = NOW, person = person, text = ARGV[4], line = num(ARGV[5]), photo = photo,
})
redis.call('RPUSH', key('texts', id), line)
redis.call('LTRIM', key('texts', id), -POLICY.text_buffer_lines, -1)
expire(POLICY.text_buffer_ms, 'texts', id)
for _, reader in ipairs(people_of(call)) do
  wake('text', reader, {call = id, seq = seq})
end
return done({seq = seq})

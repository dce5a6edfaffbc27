-- KEYS: resume_of:<person>, person:<person>, wakes. ARGV: prefix of resume tokens, person.
-- Ends what a person has open: the resume token is forgotten, and the node with the newest socket is told to close it.
local digest = redis.call('GET', KEYS[1])
if digest then
  redis.call('DEL', KEYS[1], ARGV[1] .. digest)
end
local socket = redis.call('HGET', KEYS[2], 'socket')
if socket and socket ~= '' then
  redis.call('PUBLISH', KEYS[3], cjson.encode({{kind = 'signed_out', id = ARGV[2], socket = socket}}))
end
return socket and 1 or 0

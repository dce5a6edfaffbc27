-- ARGV: now, how many may stand in the line at most. Reads only: of those whose page is away and whose place is kept,
-- who stands so near. Whoever is here and waits counts as before them by class and arrival, as in their own view.
local near, found = num(ARGV[2]), {}
for _, id in ipairs(redis.call('ZRANGE', key('line'), 0, -1)) do
  local call = get('call', id)
  if call and call.phase == 'parked' and num(call.kept_until_ms) > NOW then
    local ahead = 0
    for _, class in ipairs(CLASSES) do
      local own = class == counts_as(call)
      for _, bucket in ipairs(redis.call('SMEMBERS', key('buckets', class))) do
        local zset = key('waiting', bucket, class)
        ahead = ahead + (own and redis.call('ZCOUNT', zset, '-inf', '(' .. call.seq) or redis.call('ZCARD', zset))
      end
      if own then
        break
      end
    end
    if ahead < near then
      found[#found + 1] = {id, call.customer, ahead + 1}
    end
  end
end
return '{"places":' .. encode_list(found) .. '}'

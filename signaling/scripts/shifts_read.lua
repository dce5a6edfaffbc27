-- ARGV: now, from, to. Reads only. No shift is longer than a day, so none that began earlier can reach into the range.
local found = {}
local ids = redis.call('ZRANGEBYSCORE', key('shifts'), int(num(ARGV[2]) - 86400000), '(' .. ARGV[3])
for _, id in ipairs(ids) do
  local row = get('shift', id)
  if row and num(row.end_ms) > num(ARGV[2]) then
    local breaks = cjson.decode(row.breaks or '[]')
    found[#found + 1] = {
      shift = id, agent = row.agent, start_ms = num(row.start_ms), end_ms = num(row.end_ms),
      breaks = #breaks > 0 and breaks or nil,
    }
  end
end
return '{"shifts":' .. encode_list(found) .. '}'

-- ARGV: now, shift id.
local row = get('shift', ARGV[2])
if row then
  redis.call('ZREM', key('agent_shifts', row.agent), row.start_ms .. ':' .. row.end_ms .. ':' .. ARGV[2])
  redis.call('ZREM', key('shifts'), ARGV[2])
  redis.call('DEL', key('shift', ARGV[2]))
  shifts_changed(row.agent)
end
return done()

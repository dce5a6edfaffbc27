-- ARGV: now, shift id. An agent who is free or rests and is no longer on shift goes on break; a live call goes on.
local row = get('shift', ARGV[2])
if row then
  redis.call('ZREM', key('agent_shifts', row.agent), row.start_ms .. ':' .. row.end_ms .. ':' .. ARGV[2])
  redis.call('ZREM', key('shifts'), ARGV[2])
  redis.call('DEL', key('shift', ARGV[2]))
  local agent = get('agent', row.agent)
  if agent and agent.state ~= 'offline' then
    staff(row.agent)
    if (agent.state == 'available' or agent.state == 'rest') and not on_shift(row.agent) then
      pause(row.agent, 'shift_over')
    end
    wake('person', row.agent)
  end
end
return done()

-- ARGV: now, person, name, skills. Another name and other skills, at once; a call that rings or goes on stays.
local id, skills = ARGV[2], ARGV[4]
if not get('person', id) then
  return done()
end
put('person', id, {name = ARGV[3], skills = skills})
wake('person', id)
wake('queue', '')
wake_customer_of(id)

local row = get('agent', id)
if row and row.state ~= 'offline' and row.skills ~= skills then
  local idle = redis.call('ZSCORE', key('idle', row.skills), id)
  leave(key('idle_sets'), row.skills, key('idle', row.skills), id)
  unlist_staffed(id)
  put('agent', id, {skills = skills})
  if idle then
    list_idle(id)
  end
  staff(id)
  match({}, {id})
end
return done()

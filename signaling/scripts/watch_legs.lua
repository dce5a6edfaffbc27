-- ARGV: now, calls. Reads only: the legs by which somebody looks on, and may.
local legs = {}
for i = 2, #ARGV do
  local call = get('call', ARGV[i])
  if call and STATE_OF[call.phase] == 'active' and WATCH.sees(call) then
    local leg = (get('person', call.watcher) or {}).leg or ''
    if leg ~= '' and WATCH.is_guest(leg) == WATCH.has_camera(call) then
      legs[#legs + 1] = leg
    end
  end
end
return cjson.encode({legs = #legs > 0 and legs or nil})

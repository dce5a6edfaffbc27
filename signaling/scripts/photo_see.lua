-- ARGV: now, person, call. Whether this person may see the call's photos. Reads only.
local call = get('call', ARGV[3])
if not call or not takes_part(ARGV[2], call) then
  return refuse('no_call')
end
return cjson.encode({may = true})

-- ARGV: now, person, call. Whether this person may see the call's photos. Reads only.
local call = get('call', ARGV[3])
if not call or (call.customer ~= ARGV[2] and call.agent ~= ARGV[2]) then
  return refuse('no_call')
end
return cjson.encode({may = true})

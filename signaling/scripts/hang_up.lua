-- ARGV: now, person, call. Either side closes the call; the other's leg lives on. A customer who has
-- seen how a call ended says so with another hang-up, and is home again.
local person, id = ARGV[2], ARGV[3]
local call = get('call', id)
if call and is_helper(person, call) then
  helper_leaves(id, person, 'agent_hung_up')
  return done()
end
if not call or (call.customer ~= person and call.agent ~= person) then
  return refuse('no_call')
end
local state = STATE_OF[call.phase]
if person ~= call.customer then
  if call.phase == 'ringing' then
    return refuse('no_call')
  end
  if helper_is_in(call) then
    to_after_call(hand_over(id, 'handed_over'), id, 'handed_over')
  else
    close_call(id, 'agent_hung_up')
  end
elseif state ~= 'closed' then
  close_call(id, state == 'active' and 'customer_hung_up' or 'customer_cancelled')
elseif get('person', person) and get('person', person).call == id then
  put('person', person, {call = ''})
  wake('person', person)
end
return done()

-- A coordinator beside a live call (`watcher`), who only writes to its agent ("coach"), has asked the customer to look on
-- ("asked"), looks on ("in"), or takes part in writing ("joined"). The coordinator's own row says beside which call (`watch`).

local WATCH = {}

function WATCH.sees(row)
  return row.watch_state == 'in' or row.watch_state == 'joined'
end

function WATCH.tell(id)
  local row = get('call', id)
  wake_all(row)
  if (row.watcher or '') ~= '' then
    wake('person', row.watcher)
  end
  wake('queue', row.queue)
end

-- Nothing more of the call reaches the coordinator, whatever page that one is on.
function WATCH.see_nothing(id)
  local row = get('call', id)
  clear('watch', id)
  if WATCH.sees(row) then
    on_timeline(id, 'watch_ended', row.watcher)
  end
  if get('person', row.watcher) then
    part_leg(row.watcher)
    put('person', row.watcher, {leg = '', leg_worker = '', leg_state = 'inviting'})
  end
  put('call', id, {watch_state = 'coach', watch_until_ms = 0})
end

-- Nobody is beside the call any more; `why` is what that one is told, '' for nothing.
function WATCH.finish(id, why)
  local row = get('call', id)
  local person = row and row.watcher or ''
  if person == '' then
    return
  end
  WATCH.see_nothing(id)
  WATCH.tell(id)
  put('call', id, {watcher = '', watch_state = ''})
  if (get('person', person) or {}).watch == id then
    put('person', person, {watch = '', watch_ended = why, watch_last = id})
  end
end

function WATCH.begin(id)
  local row = get('call', id)
  clear('watch', id)
  put('call', id, {watch_state = 'in', watch_until_ms = 0, watch_allowed = row.watcher})
  on_timeline(id, 'watch_began', row.watcher)
  WATCH.tell(id)
end

-- Whatever moves one of the call's people may move what the coordinator sees.
BEFORE_DONE[#BEFORE_DONE + 1] = function()
  local watchers = {}
  for _, row in pairs(rows) do
    local person = row and row.watcher or ''
    if person ~= '' and (woken['person:' .. row.customer] or woken['person:' .. row.agent]) then
      watchers[#watchers + 1] = person
    end
  end
  for _, person in ipairs(watchers) do
    wake('person', person)
  end
end

-- A coordinator beside a live call (`watcher`), who only writes to its agent ("coach"), has asked the customer to look on
-- ("asked"), looks on ("in"), or takes part in writing ("joined"). The coordinator's own row says beside which call (`watch`).
-- Who looks on may come in with the own picture (`watch_picture`): a camera that only its owner sees ("ready"), about which
-- the customer is asked ("asked") or has not answered ("unanswered"), or which everybody of the call sees ("shown").

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

-- The leg of a coordinator's camera, by its name.
function WATCH.is_guest(leg)
  return (leg or ''):sub(1, 2) == 'g-'
end

-- A camera is open for this call, whoever sees it.
function WATCH.has_camera(row)
  return (row.watch_picture or '') ~= ''
end

-- The page's leg is closed, and it makes the next one by itself where it may.
local function drop_leg(person)
  if get('person', person) then
    part_leg(person)
    put('person', person, {leg = '', leg_worker = '', leg_state = 'inviting', picture = '', picture_reason = ''})
  end
end

-- Nobody sees the coordinator's picture any more, not even its owner: with its leg it cannot go anywhere.
function WATCH.hide(id)
  local row = get('call', id)
  if not WATCH.has_camera(row) then
    return
  end
  clear('watch', id)
  if row.watch_picture == 'shown' then
    on_timeline(id, 'watch_hidden', row.watcher)
  end
  drop_leg(row.watcher)
  put('call', id, {watch_picture = '', watch_until_ms = 0})
end

-- Nothing more of the call reaches the coordinator, whatever page that one is on.
function WATCH.see_nothing(id)
  WATCH.hide(id)
  local row = get('call', id)
  clear('watch', id)
  if WATCH.sees(row) then
    on_timeline(id, 'watch_ended', row.watcher)
  end
  drop_leg(row.watcher)
  put('call', id, {watch_state = 'coach', watch_until_ms = 0})
end

-- The customer is asked: by this number a yes is to this question.
function WATCH.ask(id, fields)
  fields.watch_until_ms, fields.watch_ask = NOW + DELAY.watch, num(get('call', id).watch_ask) + 1
  arm('watch', id, NOW + DELAY.watch)
  put('call', id, fields)
end

-- Everybody of the call sees the coordinator, who from here on takes part in it.
function WATCH.show(id)
  local row = get('call', id)
  clear('watch', id)
  put('call', id, {watch_picture = 'shown', watch_state = 'joined', watch_until_ms = 0, watch_shown_by = row.watcher})
  on_timeline(id, 'watch_shown', row.watcher)
  WATCH.tell(id)
end

-- Something became of a leg: that of a coordinator who is seen is everybody's news.
function WATCH.leg_moved(person)
  local id = (get('person', person) or {}).watch or ''
  local row = id ~= '' and get('call', id)
  if row and row.watcher == person and row.watch_picture == 'shown' then
    wake_all(row)
  end
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
  put('call', id, {watcher = '', watch_state = '', watch_picture = ''})
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

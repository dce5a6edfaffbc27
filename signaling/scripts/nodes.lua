-- ARGV: now, the node that asks ('' when it goes), and '1' when the server has cut this one's own channel shortly before,
-- and so perhaps everybody's: then nobody is taken for gone. Everybody on a node that is gone is gone, a bounded number at a time.
-- A node is here while it asks, or while its own channel has its subscription: the kernel closes that with the process,
-- at once, and a node that is merely slow keeps it. What is missed at two looks, GONE_AFTER_MS apart, is gone.
local GONE_AFTER_MS, BATCH = 1000, 256
local nodes = key('nodes')
local changed, dead = false, {}

local function note(node, missing_since)
  redis.call('HSET', nodes, node, int(missing_since))
  changed = true
end

local missing = redis.call('HGETALL', nodes)
local asks = ARGV[2] == ''
for i = 1, #missing, 2 do
  local node, since = missing[i], num(missing[i + 1])
  if node == ARGV[2] then
    asks = true
    if since ~= 0 then
      note(node, 0)
    end
  elseif redis.call('PUBSUB', 'NUMSUB', key('node', node))[2] > 0 then
    if since ~= 0 then
      note(node, 0)
    end
  elseif since == 0 or ARGV[3] == '1' then
    note(node, NOW)
  elseif NOW - since >= GONE_AFTER_MS then
    dead[node] = true
    changed = true
  end
end
if not asks then
  note(ARGV[2], 0)
end
if not changed then
  return cjson.encode({handled = 0, more = false})
end

-- Rare, so no index by node is kept for it: everybody who is here is looked at.
local handled, more = 0, false
if next(dead) then
  for _, person in ipairs(redis.call('ZRANGE', key('presence'), 0, -1)) do
    if dead[redis.call('HGET', key('person', person), 'node')] then
      if handled == BATCH then
        more = true
        break
      end
      -- A row that cannot be read is left to the sweep, which looks again when its beat lapses.
      pcall(gone, person)
      handled = handled + 1
    end
  end
  if not more then
    for node in pairs(dead) do
      redis.call('HDEL', nodes, node)
    end
  end
end
return done({handled = handled, more = more})

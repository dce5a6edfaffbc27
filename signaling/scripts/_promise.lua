-- What agents promised to customers. A promise is part of its call's record: it has one owner, and is open (in follow_ups,
-- by when it is due), kept (in messages:done) or taken back (in neither).
local PROMISE = {}

function PROMISE.is_open(id)
  return redis.call('ZSCORE', key('follow_ups'), id) ~= false
end

-- The owner's page and the wall look again.
function PROMISE.tell(owner, customer)
  if owner ~= '' then
    redis.call('HSET', key('promise_news'), 'v', SCHEMA, owner, int(NOW))
    wake('person', owner)
  end
  if (customer or '') ~= '' then
    wake('person', customer)
  end
  wake('queue', '')
end

-- A coordinator is to look at it, from now on or since before.
function PROMISE.care(id)
  redis.call('ZADD', key('promise_care'), 'NX', int(NOW), id)
end

function PROMISE.begin(id, owner, due)
  redis.call('ZADD', key('follow_ups'), int(due), id)
  redis.call('ZADD', key('promises_of', owner), int(due), id)
  redis.call('ZREM', key('messages', 'done'), id)
  arm('promise', id, due)
  PROMISE.tell(owner)
end

-- The owner calls the customer no longer: the customer came, will not come now, or did not in time.
function PROMISE.call_over(customer, how)
  local called = get('call_back', customer)
  if not called then
    return
  end
  clear('call_back', customer)
  redis.call('DEL', key('call_back', customer))
  if (called.link or '') ~= '' then
    redis.call('DEL', key('call_back_link', called.link))
  end
  rows[key('call_back', customer)] = false
  if get('record', called.promise) then
    put('record', called.promise, {promise_called = how})
  end
  PROMISE.tell(called.owner, customer)
end

-- It is open no longer, for whatever reason.
function PROMISE.shut(id)
  local record = get('record', id)
  local owner = record.follow_up_owner or ''
  redis.call('ZREM', key('follow_ups'), id)
  redis.call('ZREM', key('promises_of', owner), id)
  redis.call('ZREM', key('promise_care'), id)
  clear('promise', id)
  local called = get('call_back', record.customer)
  if called and called.promise == id then
    PROMISE.call_over(record.customer, '')
  end
  PROMISE.tell(owner, record.customer)
end

-- It is kept, by somebody's word or by the call `by`; an urgent matter that waited for it is solved with it.
function PROMISE.keep(id, by)
  if not PROMISE.is_open(id) then
    return
  end
  PROMISE.shut(id)
  redis.call('ZADD', key('messages', 'done'), int(NOW), id)
  put('record', id, {promise_done_ms = NOW, promise_done_by = by})
  if is_open_matter(id) then
    solve_matter(id, 'promise')
  end
end

-- It is not kept after all, and due when it was.
function PROMISE.reopen(id)
  local record = get('record', id)
  if PROMISE.is_open(id) or not redis.call('ZSCORE', key('messages', 'done'), id) then
    return
  end
  put('record', id, {promise_done_ms = 0, promise_done_by = '', promise_late_ms = 0})
  if num(record.promise_urged_ms) > 0 then
    PROMISE.care(id)
  end
  PROMISE.begin(id, record.follow_up_owner, num(record.follow_up_due_ms))
  if record.solved_by == 'promise' then
    reopen_matter(id)
  end
end

-- Its time is over: from now on it is the coordinator's, too.
function PROMISE.late(id)
  local record = get('record', id)
  if record and PROMISE.is_open(id) and num(record.promise_late_ms) == 0 then
    put('record', id, {promise_late_ms = NOW})
    PROMISE.care(id)
    PROMISE.tell(record.follow_up_owner, record.customer)
  end
end

-- One limit of one subject. The same states and steps as in src/local/counter.rs, where they are explained.
-- Windows are stored with their number and buckets with the instant they were settled at, so that a clock
-- that jumps locks nobody out.
--   bucket: 'missing at per'; one token is `per` parts
--   window: 'number used'
--   lease:  a sorted set of ids by the instant they end at

local function load_bucket(c, stored)
  c.used, c.missing = 0, 0
  if stored then
    local missing, at, per = string.match(stored, '^(%d+) (%d+) (%d+)$')
    missing, at, per = tonumber(missing), tonumber(at), tonumber(per)
    if per == c.period then
      c.missing = math.max(0, missing - math.min(math.max(now - at, 0), per) * c.limit)
      -- Written back even if nothing is taken, or nothing would flow in until the clock is there again.
      c.went_back = at > now
    end
  end
  c.used = div_ceil(c.missing, c.period)
end

local function load_window(c, stored)
  c.number, c.used = whole(math.floor(now / c.period)), 0
  if stored then
    local number, used = string.match(stored, '^(%d+) (%d+)$')
    if number == c.number then
      c.used = tonumber(used)
    end
  end
end

local function load_lease(c)
  redis.call('ZREMRANGEBYSCORE', c.key, '-inf', whole(now))
  local latest = whole(now + c.period)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', c.key, '(' .. latest, '+inf')) do
    redis.call('ZADD', c.key, latest, id)
  end
  c.used = redis.call('ZCARD', c.key)
end

-- stored: what GET answers for the key; not looked at for leases.
local function load(key, kind, limit, period, stored)
  local c = { key = key, kind = kind, limit = tonumber(limit), period = tonumber(period) }
  if kind == 'bucket' then
    load_bucket(c, stored)
  elseif kind == 'window' then
    load_window(c, stored)
  else
    load_lease(c)
  end
  return c
end

-- Adds units, or gives back: a negative cost.
local function add(c, cost)
  if c.kind == 'bucket' then
    c.missing = math.max(0, c.missing + cost * c.period)
    c.used = div_ceil(c.missing, c.period)
  else
    c.used = math.max(0, c.used + cost)
  end
end

local function save(c)
  if c.kind == 'bucket' then
    local value = whole(c.missing) .. ' ' .. whole(now) .. ' ' .. whole(c.period)
    keep(c.key, value, c.limit > 0 and div_ceil(c.missing, c.limit) or c.period)
  elseif c.kind == 'window' then
    keep(c.key, c.number .. ' ' .. whole(c.used), c.period - now % c.period)
  end
end

-- Members of one lease in the set; it may hold several slots. `first` tells two checks of one set apart.
local function hold(key, period, lease, first, cost)
  for slot = first, first + cost - 1 do
    redis.call('ZADD', key, whole(now + period), lease .. ':' .. slot)
  end
  redis.call('PEXPIRE', key, whole(period + slack))
end

-- ms until there is more quota, or until a refused cost fits.
local function reset_after(c, cost, allowed)
  if c.kind == 'window' then
    return c.period - now % c.period
  elseif c.kind == 'bucket' then
    if c.limit == 0 then
      return c.period
    end
    local free = allowed and math.max(c.used - 1, 0) or math.max(c.limit - cost, 0)
    return div_ceil(math.max(c.missing - free * c.period, 0), c.limit)
  elseif c.used == 0 then
    return allowed and 0 or c.period
  end
  local freed = allowed and 1 or math.min(math.max(c.used + cost - c.limit, 1), c.used)
  local ends = redis.call('ZRANGE', c.key, freed - 1, freed - 1, 'WITHSCORES')
  return tonumber(ends[2]) - now
end

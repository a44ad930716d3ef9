-- The violations of one subject. The same states and steps as in src/local/offender.rs, where they are
-- explained. Stored as 'violations at decay since length tier after label'; length 0 is no block.

local function load_penalty(stored, decay)
  local p = { violations = 0, at = now, decay = decay, since = 0, length = 0, tier = 0, after = 0 }
  if stored then
    local v, at, d, since, length, tier, after, label =
      string.match(stored, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (.*)$')
    -- What another version wrote counts as nothing: an error would open the breaker for everybody.
    if v then
      p.violations, p.at, p.decay = tonumber(v), tonumber(at), tonumber(d)
      p.since, p.length, p.tier, p.after = tonumber(since), tonumber(length), tonumber(tier), tonumber(after)
      p.label = label
    end
  end
  p.went_back = p.at > now or p.since > now
  p.at, p.since = math.min(p.at, now), math.min(p.since, now)
  if p.length > 0 then
    local ends = p.since + p.length
    if now < ends then
      p.rest = ends - now
      return p
    end
    p.violations, p.at, p.length, p.tier = p.after, ends, 0, 0
  end
  local forgiven = math.floor((now - p.at) / p.decay)
  if forgiven >= p.violations then
    p.violations, p.at = 0, now
  else
    p.violations, p.at = p.violations - forgiven, p.at + forgiven * p.decay
  end
  return p
end

local function save_penalty(key, p)
  local numbers = { p.violations, p.at, p.decay, p.since, p.length, p.tier, p.after }
  for i, number in ipairs(numbers) do
    numbers[i] = whole(number)
  end
  local rest = p.rest or 0
  keep(key, table.concat(numbers, ' ') .. ' ' .. p.label, rest + math.max(p.violations, p.after) * p.decay)
end

-- Counts one violation; enters a tier when the count stands at its threshold, or beyond the highest one.
-- thresholds and cooldowns: lists of numbers from tier 2 on, no longer than up to the highest tier.
local function violate(p, thresholds, cooldowns)
  p.violations = p.violations + 1
  p.after = p.violations
  for i = #thresholds, 1, -1 do
    if p.violations == thresholds[i] or (i == #thresholds and p.violations > thresholds[i]) then
      p.tier, p.since, p.length, p.rest = i + 1, now, cooldowns[i], cooldowns[i]
      if i == #thresholds then
        p.after = thresholds[i - 1] or 0
      end
      return true
    end
  end
  return false
end

-- The list of the blocked: labels by the end of the block, and beside it whom a label names.
local function list(blocked, labels, p, subject)
  for _, over in ipairs(redis.call('ZRANGEBYSCORE', blocked, '-inf', whole(now), 'LIMIT', 0, 100)) do
    redis.call('ZREM', blocked, over)
    redis.call('HDEL', labels, over)
  end
  redis.call('ZADD', blocked, whole(now + p.length), p.label)
  redis.call('HSET', labels, p.label, subject)
  local life = whole(math.max(p.length + slack, redis.call('PTTL', blocked)))
  redis.call('PEXPIRE', blocked, life)
  redis.call('PEXPIRE', labels, life)
end

-- One answer that refused, in hourly counters that live a day.
local function hit(key)
  local hour = math.floor(now / 3600000)
  if redis.call('HINCRBY', key, whole(hour), 1) == 1 then
    for _, old in ipairs(redis.call('HKEYS', key)) do
      if tonumber(old) > hour or tonumber(old) <= hour - 24 then
        redis.call('HDEL', key, old)
      end
    end
    redis.call('PEXPIRE', key, whole(90000000 + slack))
  end
end

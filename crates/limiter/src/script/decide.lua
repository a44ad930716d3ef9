-- Decides one request: everything that is asked for is taken, or nothing.
-- KEYS: one for each check; with a penalty also its record, its hits, the blocked and their labels.
-- ARGV: time, lease id, number of checks, four for each check (kind, limit, period in ms, cost); with a
--   penalty also its subject, its label, decay in ms, and pairs (threshold, cool-down in ms) from tier 2 on.
-- Returns {tier of the block or 0, rest of it in ms, 1 if entered now, first refusing check or 0,
--   then for each check: 1 if it fits, units used, ms until reset}.
local lease, count = ARGV[2], tonumber(ARGV[3])
local has_penalty = #KEYS > count
local record, hits = KEYS[count + 1], KEYS[count + 2]
local stored = {}
if #KEYS > 0 then
  -- Leases are sorted sets, for which MGET answers nil.
  stored = redis.call('MGET', unpack(KEYS, 1, has_penalty and count + 1 or count))
end

local argument = 4 + 4 * count
local subject, label, decay = ARGV[argument], ARGV[argument + 1], tonumber(ARGV[argument + 2])
local penalty
if has_penalty then
  penalty = load_penalty(stored[count + 1], decay)
end
local was_blocked = penalty and penalty.rest

local by_key, counters, costs, demands, fits, refused = {}, {}, {}, {}, {}, 0
for i = 1, count do
  local kind, limit, period, cost = unpack(ARGV, 4 * i, 4 * i + 3)
  -- A second check of the same place goes on where the first one stopped.
  local c = by_key[KEYS[i]] or load(KEYS[i], kind, limit, period, stored[i])
  by_key[KEYS[i]], counters[i], costs[i] = c, c, tonumber(cost)
  fits[i] = costs[i] == 0 or c.used + costs[i] <= c.limit
  demands[i] = (c.pending or 0) + costs[i]
  if fits[i] then
    add(c, costs[i])
    c.pending = demands[i]
  elseif refused == 0 then
    refused = i
  end
end

if was_blocked or refused > 0 then
  for i = 1, count do
    if fits[i] then
      add(counters[i], -costs[i])
    end
    if counters[i].went_back then
      save(counters[i])
    end
  end
else
  local slots = {}
  for i = 1, count do
    local c, cost = counters[i], costs[i]
    if c.kind == 'lease' and cost > 0 then
      hold(c.key, c.period, lease, slots[c.key] or 1, cost)
      slots[c.key] = (slots[c.key] or 1) + cost
    elseif cost > 0 or c.went_back then
      save(c)
    end
  end
end

local entered = false
if penalty then
  if was_blocked or refused > 0 then
    hit(hits)
  end
  if refused > 0 and not was_blocked then
    local thresholds, cooldowns = {}, {}
    for i = argument + 3, #ARGV, 2 do
      thresholds[#thresholds + 1], cooldowns[#cooldowns + 1] = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    end
    penalty.label, penalty.decay = label, decay
    entered = violate(penalty, thresholds, cooldowns)
    if entered then
      list(KEYS[count + 3], KEYS[count + 4], penalty, subject)
    end
    save_penalty(record, penalty)
  elseif penalty.went_back and penalty.label then
    save_penalty(record, penalty)
  end
end

local rest = penalty and penalty.rest
local answer = { rest and penalty.tier or 0, rest or 0, entered and 1 or 0, was_blocked and 0 or refused }
for i = 1, count do
  answer[#answer + 1] = fits[i] and 1 or 0
  answer[#answer + 1] = counters[i].used
  answer[#answer + 1] = reset_after(counters[i], demands[i], fits[i])
end
return answer

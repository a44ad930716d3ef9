-- How a subject stands. KEYS: its record, its hits. ARGV: time.
-- Returns {tier, violations, rest of the block in ms, hits of 24 hours}.
local p = load_penalty(redis.call('GET', KEYS[1]) or nil, 1)
local hour, sum = math.floor(now / 3600000), 0
local hits = redis.call('HGETALL', KEYS[2])
for i = 1, #hits, 2 do
  local of = tonumber(hits[i])
  if of <= hour and of > hour - 24 then
    sum = sum + tonumber(hits[i + 1])
  end
end
local tier = p.rest and p.tier or (p.violations > 0 and 1 or 0)
return { tier, p.violations, p.rest or 0, sum }

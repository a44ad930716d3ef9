-- Gives units back to a bucket or to the current window. KEYS: the counter.
-- ARGV: time, kind, limit, period in ms, units.
local stored = redis.call('GET', KEYS[1])
if stored then
  local c = load(KEYS[1], ARGV[2], ARGV[3], ARGV[4], stored)
  if c.used > 0 then
    add(c, -tonumber(ARGV[5]))
    save(c)
  end
end

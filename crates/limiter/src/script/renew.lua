-- Lets a lease begin anew, also one that was forgotten. KEYS: one for each set.
-- ARGV: time, lease id, two for each set (ttl in ms, slots).
local slots = {}
for i, key in ipairs(KEYS) do
  local count = tonumber(ARGV[2 * i + 2])
  hold(key, tonumber(ARGV[2 * i + 1]), ARGV[2], slots[key] or 1, count)
  slots[key] = (slots[key] or 1) + count
end

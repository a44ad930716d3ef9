-- Who is blocked, the longest first. KEYS: the blocked, their labels.
-- ARGV: time, what stands before a subject in the key of its record, how many.
-- Returns {label, tier, rest of the block in ms} for each.
local lines = {}
for _, label in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '-inf', 'LIMIT', 0, ARGV[3])) do
  local subject = redis.call('HGET', KEYS[2], label)
  local stored = subject and redis.call('GET', ARGV[2] .. subject)
  local p = stored and load_penalty(stored, 1)
  if p and p.rest then
    lines[#lines + 1] = { label, p.tier, p.rest }
  end
end
return lines

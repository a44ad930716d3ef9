-- Forgets violations and block of a subject. KEYS: the blocked, their labels.
-- ARGV: time, what stands before a subject in the key of its record, a subject or '', a label or ''.
-- Returns 1 if there was anything to forgive.
local subject = ARGV[3]
if subject == '' then
  subject = redis.call('HGET', KEYS[2], ARGV[4])
  if not subject then
    return 0
  end
end
local key = ARGV[2] .. subject
local stored = redis.call('GET', key)
if not stored then
  return 0
end
local p = load_penalty(stored, 1)
redis.call('DEL', key)
if p.label then
  redis.call('ZREM', KEYS[1], p.label)
  redis.call('HDEL', KEYS[2], p.label)
end
return (p.rest or p.violations > 0) and 1 or 0

-- One fixed window. KEYS[1]: the counter. ARGV: window length in ms, limit, cost.
-- Returns {1 if allowed, units used, ms until the next window}.
-- The window is found by the server's clock, so that all nodes agree, and its number is stored with the
-- count, so that a clock that jumps starts a new window instead of locking anybody out.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local length, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local number = string.format('%.0f', math.floor(now / length))
local reset = length - now % length
local stored = redis.call('HMGET', KEYS[1], 'window', 'used')
local used = 0
if stored[1] == number then
  used = tonumber(stored[2])
end
if used + cost > limit then
  return {0, used, reset}
end
if cost > 0 then
  used = used + cost
  redis.call('HSET', KEYS[1], 'window', number, 'used', used)
  redis.call('PEXPIRE', KEYS[1], reset)
end
return {1, used, reset}

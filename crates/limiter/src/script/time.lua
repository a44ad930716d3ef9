-- Put before every script. ARGV[1]: the time in ms since 1970 for tests, which steer it; always empty in
-- production, where the server's clock counts, so that all nodes agree.
local now = tonumber(ARGV[1])
-- Keys live in the server's time. Where a test steers ours, they must not end before it wants them to.
local slack = now and 3600000 or 0
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Whole numbers below 2^53 in all their digits; Lua itself writes only 14.
local function whole(number)
  return string.format('%.0f', number)
end

local function div_ceil(a, b)
  return math.ceil(a / b)
end

local function keep(key, value, ms)
  redis.call('SET', key, value, 'PX', whole(math.max(ms, 1) + slack))
end

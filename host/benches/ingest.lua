-- Three alerts a request. With FRESH=1 every request has alerts that were never seen before, so that each must be
-- journaled; without it all requests repeat one body. API=alertmanager posts the list of /api/v2/alerts instead.
local fresh = os.getenv("FRESH") == "1"
local list = os.getenv("API") == "alertmanager"
local thread = 0

function setup(t)
  t:set("id", thread)
  thread = thread + 1
end

local n = 0
local started = os.time()

local function alert(pod)
  return string.format(
    '{"status":"firing","labels":{"alertname":"KubePodNotReady","namespace":"ns-%s","pod":"web-%s","prometheus":"monitoring/k8s","severity":"warning"},"annotations":{"description":"Pod web-%s has been in a non-ready state for longer than 15 minutes.","summary":"Pod has been in a non-ready state for more than 15 minutes."},"startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus:9090/graph"}',
    fresh and pod or "a", pod, pod)
end

local function body()
  local key = fresh and string.format("%d-%d-%d", id, started, n) or "x"
  n = n + 1
  local alerts = alert(key .. "-1") .. "," .. alert(key .. "-2") .. "," .. alert(key .. "-3")
  if list then return "[" .. alerts:gsub('"status":"firing",', ""):gsub('"endsAt":"0001%-01%-01T00:00:00Z",', "") .. "]" end
  return '{"receiver":"tidegate","status":"firing","version":"4","groupKey":"{}:{}","truncatedAlerts":0,"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager:9093","alerts":[' .. alerts .. "]}"
end

local constant
function request()
  local text = fresh and body() or constant or body()
  if not fresh then constant = text end
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, text)
end

function done(summary, latency)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("%d requests, %.0f alerts/s, p50 %.2f ms, p99 %.2f ms, %d errors\n", summary.requests,
    3 * summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors))
end

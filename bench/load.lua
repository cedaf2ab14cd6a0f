-- Sends the requests of a file in turn, and prints one JSON line at the end.
-- A line of the file: METHOD \t path \t token or - \t body or -. Each thread begins elsewhere, so that none is sent twice before all were.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local file, of = args[1], tonumber(args[2])
  requests, at = {}, 0
  local line = 0
  for text in io.lines(file) do
    if line % of == number then
      local method, path, token, body = text:match("^(%S+)\t(%S+)\t(%S+)\t(.*)$")
      local headers = {}
      if token ~= "-" then headers["Authorization"] = "Bearer " .. token end
      if body == "-" then body = nil else headers["Content-Type"] = "application/json" end
      requests[#requests + 1] = wrk.format(method, path, headers, body)
    end
    line = line + 1
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "bytes": %d, "p50": %.3f, "p99": %.3f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

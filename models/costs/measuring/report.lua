-- What a load run saw, as one line of JSON; wrk calls done() at the end. Latencies are wrk's own, in microseconds.
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('{"requests": %d, "duration_us": %d, "errors": %d, "latency_mean": %.3f, "latency_p50": %d, ' ..
        '"latency_p90": %d, "latency_p99": %d, "latency_p999": %d, "latency_max": %d}\n',
        summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency.mean, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end

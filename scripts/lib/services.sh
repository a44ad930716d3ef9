# shellcheck shell=bash
# The services of a local installation: one process each, log in DIR/logs, pid in DIR/pids.

SERVICES=(gateway worker batch-status)

# services_running DIR: whether all of them are.
services_running() {
    local name
    for name in "${SERVICES[@]}"; do
        process_running "$1/pids/$name" >/dev/null || return 1
    done
}

# services_ready URL
services_ready() {
    curl -fs -m 2 -o /dev/null "$1/api/healthz/ready"
}

# services_start DIR BIN
services_start() {
    local name listen
    mkdir -p "$1/pids" "$1/logs"
    for listen in "$GATEWAY_LISTEN" "$GATEWAY_METRICS_LISTEN" "$WORKER_METRICS_LISTEN" \
        "$BATCH_STATUS_LISTEN" "$BATCH_STATUS_METRICS_LISTEN"; do
        require_port "${listen##*:}" "Optimagio ($listen)"
    done
    for name in "${SERVICES[@]}"; do
        process_spawn "$1/pids/$name" "$1/logs/$name.log" "$2/optimagio-$name" || true
    done
}

# services_wait DIR URL: until the gateway says that all is ready, 60 s at most.
services_wait() {
    local name deadline=$((SECONDS + 60))
    until services_ready "$2"; do
        for name in "${SERVICES[@]}"; do
            process_running "$1/pids/$name" >/dev/null ||
                fail "the $name ended while it was starting: see $1/logs/$name.log"
        done
        ((SECONDS < deadline)) || fail "$2/api/healthz/ready is not 200 after 60 s: see $1/logs"
        sleep 0.1
    done
}

# services_stop DIR: asks all at once, then waits for each; work in flight is finished.
services_stop() {
    local name pid asked=()
    for name in "${SERVICES[@]}"; do
        if pid=$(process_running "$1/pids/$name"); then
            kill -s TERM "$pid" 2>/dev/null || true
            asked+=("$name")
        fi
    done
    for name in "${asked[@]}"; do
        process_stop "$1/pids/$name" TERM 60
        say "the $name is stopped"
    done
}

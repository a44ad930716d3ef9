# shellcheck shell=bash
# A private Redis on loopback. What it holds is disposable, so nothing is written to disk.

# redis_start DIR PORT
redis_start() {
    require_binary redis-server redis-server
    process_spawn "$1/pid" "$1/log" redis-server --bind 127.0.0.1 --port "$2" --dir "$1" \
        --save '' --appendonly no --daemonize no
}

redis_answers() {
    answers_redis "$1"
}

redis_stop() {
    process_stop "$1/pid" TERM 10
}

redis_ports() {
    printf '%s\n' "$1"
}

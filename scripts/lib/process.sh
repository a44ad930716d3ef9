# shellcheck shell=bash
# Background processes, known by a pid file that also holds the start time: a process id that the system
# has given to somebody else since is never signalled.

# process_started PID: the start time in clock ticks since boot (field 22 of /proc/PID/stat).
process_started() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # Field 3 (the state) is the first one after the command's name, which may hold blanks.
    read -ra fields <<<"${stat##*) }"
    # A killed leader is a zombie at once, while its threads may still hold the sockets.
    if [[ ${fields[0]} == [ZX] ]]; then
        local threads=("/proc/$1/task"/*)
        ((${#threads[@]} > 1)) || return 1
    fi
    printf '%s\n' "${fields[19]}"
}

# process_record PIDFILE PID
process_record() {
    local started
    started=$(process_started "$2") || return 1
    printf '%s %s\n' "$2" "$started" >"$1"
}

# process_running PIDFILE: prints the pid if that very process is alive.
process_running() {
    local pid started
    [[ -s $1 ]] || return 1
    read -r pid started <"$1" || return 1
    [[ $(process_started "$pid") == "$started" ]] || return 1
    printf '%s\n' "$pid"
}

# process_spawn PIDFILE LOG COMMAND…: starts a session of its own that outlives this shell and holds
# none of its descriptors.
process_spawn() {
    local pidfile=$1 log=$2
    shift 2
    rm -f "$pidfile"
    setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
    local pid=$!
    disown "$pid"
    process_record "$pidfile" "$pid"
}

# process_gone PIDFILE SECONDS: waits for the end.
process_gone() {
    local deadline=$((SECONDS + $2))
    while process_running "$1" >/dev/null; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# process_stop PIDFILE SIGNAL SECONDS: asks politely, insists with SIGKILL after SECONDS.
process_stop() {
    local pid
    if pid=$(process_running "$1"); then
        kill -s "$2" "$pid" 2>/dev/null || true
        process_gone "$1" "$3" || process_kill "$1"
    fi
    rm -f "$1"
}

# process_kill PIDFILE: SIGKILL to the process and its children; returns when all are gone, because an
# orphan may still hold what a new start needs (PostgreSQL's shared memory).
process_kill() {
    local pid family one deadline=$((SECONDS + 10))
    if pid=$(process_running "$1"); then
        mapfile -t family < <(printf '%s\n' "$pid" && pgrep -P "$pid")
        kill -9 "${family[@]}" 2>/dev/null || true
        for one in "${family[@]}"; do
            while process_started "$one" >/dev/null; do
                ((SECONDS < deadline)) || fail "process $one does not end after SIGKILL"
                sleep 0.02
            done
        done
    fi
    rm -f "$1"
}

# shellcheck shell=bash
# What a server needs before it is started, each with one clear line when it is missing.

# require_binary PATH-OR-NAME PACKAGE
require_binary() {
    command -v "$1" >/dev/null || fail "$1 is missing: install the Debian package $2 (scripts/install does)"
}

# require_disk DIR: at least 1 GB free.
require_disk() {
    local free_kb
    free_kb=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
    ((free_kb >= 1000000)) ||
        fail "the disk of $1 has $((free_kb / 1000)) MB free: at least 1000 MB are needed"
}

# port_taken PORT: whether anybody listens on it.
port_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# require_port PORT NAME
require_port() {
    ! port_taken "$1" || fail "port $1 for $2 is taken by another program: stop it or choose another port"
}

# free_ports COUNT: the first port of COUNT free ones in a row, outside of the range from which the
# kernel picks the ports of outgoing connections.
free_ports() {
    local base offset
    for _ in {1..200}; do
        base=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        for ((offset = 0; offset < $1; offset++)); do
            ! port_taken $((base + offset)) || continue 2
        done
        printf '%s\n' "$base"
        return
    done
    fail "no $1 free ports in a row between 20000 and 32000"
}

# shellcheck shell=bash
# A private PostgreSQL on loopback. It refuses to run as root, so root hands it to the user postgres.

POSTGRES_BIN=${POSTGRES_BIN:-/usr/lib/postgresql/15/bin}

postgres_as() {
    if ((EUID == 0)); then
        setpriv --reuid=postgres --regid=postgres --init-groups "$@"
    else
        "$@"
    fi
}

# postgres_data DIR: the data directory. A checkout under a home directory may be closed to the user
# postgres; its data then lives under /var/tmp and DIR/data points to it.
postgres_data() {
    local data=$1/data outside
    if ((EUID == 0)) && [[ ! -L $data ]] && ! postgres_as test -x "$1"; then
        outside=$(mktemp -d /var/tmp/optimagio-postgres.XXXXXX)
        chown postgres:postgres "$outside"
        ln -s "$outside" "$data"
    fi
    mkdir -p "$data"
    readlink -f "$data"
}

postgres_create() {
    local dir=$1 data=$2
    [[ ! -s $data/PG_VERSION ]] || return 0
    chmod 700 "$data"
    ((EUID != 0)) || chown postgres:postgres "$data"
    (cd / && postgres_as "$POSTGRES_BIN/initdb" -D "$data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync) >>"$dir/log" 2>&1 ||
        fail "initdb failed: see $dir/log"
}

# postgres_start DIR PORT
postgres_start() {
    local dir=$1 port=$2 data
    require_binary "$POSTGRES_BIN/postgres" postgresql-15
    data=$(postgres_data "$dir")
    postgres_create "$dir" "$data"
    postgres_unlock "$data"
    # Its user may not enter the directory that this script was called from.
    cd / || return 1
    # The empty socket directory: loopback TCP is the only way in.
    local options=(-D "$data" -p "$port" -h 127.0.0.1 -k '' -c max_connections=300
        -c shared_buffers=128MB -c "fsync=$SERVERS_FSYNC" -c "full_page_writes=$SERVERS_FSYNC"
        -c "synchronous_commit=$SERVERS_FSYNC" -c log_min_messages=warning)
    if ((EUID == 0)); then
        process_spawn "$dir/pid" "$dir/log" setpriv --reuid=postgres --regid=postgres --init-groups \
            "$POSTGRES_BIN/postgres" "${options[@]}"
    else
        process_spawn "$dir/pid" "$dir/log" "$POSTGRES_BIN/postgres" "${options[@]}"
    fi
}

# postgres_unlock DATA: after SIGKILL the lock file names a process that is gone, or that nobody has buried
# yet: PostgreSQL takes such a zombie for a running server.
postgres_unlock() {
    local owner
    if [[ -s $1/postmaster.pid ]]; then
        read -r owner <"$1/postmaster.pid"
        process_started "$owner" >/dev/null || rm -f "$1/postmaster.pid"
    fi
}

postgres_answers() {
    "$POSTGRES_BIN/pg_isready" -q -h 127.0.0.1 -p "$1" -U postgres -d postgres
}

# SIGINT is PostgreSQL's fast shutdown: clients are sent away, data is flushed.
postgres_stop() {
    process_stop "$1/pid" INT 20
}

postgres_ports() {
    printf '%s\n' "$1"
}

# shellcheck shell=bash
# Whether a server answers in its own protocol.

# answers_redis PORT
answers_redis() {
    local reply
    reply=$( (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'PING\r\n' >&3 && timeout 2 head -c 5 <&3) 2>/dev/null) || return 1
    [[ $reply == +PONG ]]
}

# answers_amqp PORT: the protocol header is answered by a method frame (type 1).
answers_amqp() {
    local frame
    frame=$( (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'AMQP\0\0\11\1' >&3 && timeout 2 head -c 1 <&3 | od -An -tx1) 2>/dev/null) || return 1
    [[ $frame == *01* ]]
}

# answers_http PORT: any status line will do.
answers_http() {
    local reply
    reply=$( (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3 && timeout 2 head -c 8 <&3) 2>/dev/null) || return 1
    [[ $reply == HTTP/1.1 ]]
}

# wait_for_answer NAME PIDFILE LOG COMMAND…: until COMMAND succeeds, 60 s at most; a process that ends
# earlier is reported at once.
wait_for_answer() {
    local name=$1 pidfile=$2 log=$3 deadline=$((SECONDS + 60))
    shift 3
    until "$@"; do
        process_running "$pidfile" >/dev/null || fail "$name ended while it was starting: see $log"
        ((SECONDS < deadline)) || fail "$name does not answer after 60 s: see $log"
        sleep 0.1
    done
}

# shellcheck shell=bash
# A private RabbitMQ on loopback with a name server (epmd) of its own, so that neither the system's broker
# nor another private one is in its way. It takes three ports: PORT for AMQP, PORT+1 for distribution,
# PORT+2 for epmd.

RABBITMQ_SERVER=${RABBITMQ_SERVER:-/usr/lib/rabbitmq/bin/rabbitmq-server}

rabbitmq_configure() {
    mkdir -p "$1/home" "$1/mnesia" "$1/logs"
    printf '[].\n' >"$1/enabled_plugins"
    cat >"$1/rabbitmq.conf" <<CONFIG
listeners.tcp.default = 127.0.0.1:$2
disk_free_limit.absolute = 2GB
heartbeat = 10
log.console = true
log.console.level = info
log.file = false
CONFIG
}

# rabbitmq_environment DIR PORT: the variables as NAME=VALUE lines.
rabbitmq_environment() {
    cat <<VARIABLES
HOME=$1/home
ERL_EPMD_ADDRESS=127.0.0.1
ERL_EPMD_PORT=$(($2 + 2))
RABBITMQ_USE_LONGNAME=true
RABBITMQ_NODENAME=optimagio@127.0.0.1
RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
RABBITMQ_NODE_PORT=$2
RABBITMQ_DIST_PORT=$(($2 + 1))
RABBITMQ_MNESIA_BASE=$1/mnesia
RABBITMQ_LOG_BASE=$1/logs
RABBITMQ_ENABLED_PLUGINS_FILE=$1/enabled_plugins
RABBITMQ_CONFIG_FILE=$1/rabbitmq.conf
RABBITMQ_CONF_ENV_FILE=/dev/null
RABBITMQ_PID_FILE=$1/node-pid
RABBITMQ_ALLOW_INPUT=true
VARIABLES
}

# rabbitmq_start DIR PORT
rabbitmq_start() {
    local dir=$1 port=$2 variables
    require_binary "$RABBITMQ_SERVER" rabbitmq-server
    require_binary epmd erlang-base
    rabbitmq_configure "$dir" "$port"
    if ! process_running "$dir/epmd-pid" >/dev/null; then
        process_spawn "$dir/epmd-pid" "$dir/log" epmd -address 127.0.0.1 -port $((port + 2))
    fi
    mapfile -t variables < <(rabbitmq_environment "$dir" "$port")
    cd "$dir" || return 1
    process_spawn "$dir/pid" "$dir/log" env "${variables[@]}" \
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} -noinput" \
        "$RABBITMQ_SERVER"
}

rabbitmq_answers() {
    answers_amqp "$1"
}

# The node ends its applications on SIGTERM; its name server has no other client.
rabbitmq_stop() {
    process_stop "$1/pid" TERM 30
    process_stop "$1/epmd-pid" TERM 5
}

rabbitmq_ports() {
    printf '%s\n' "$1" $(($1 + 1)) $(($1 + 2))
}

# shellcheck shell=bash
# Debian packages. None of their services is started: the project runs private servers.

PACKAGES=(
    # to build
    ca-certificates cmake curl g++ libvips-dev make nasm pkg-config
    # to run
    postgresql-15 procps python3 rabbitmq-server redis-server
)
POLICY=/usr/sbin/policy-rc.d
CREATECLUSTER=/etc/postgresql-common/createcluster.conf

packages_missing() {
    local package
    for package in "${PACKAGES[@]}"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            printf '%s\n' "$package"
    done
}

# as_root COMMAND…
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo "$@"
    fi
}

# The packages would start servers on the usual ports and make a database cluster; both are held back for
# the time of the installation, and everything is put back as it was.
hold_services() {
    if [[ ! -e $POLICY ]]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
        as_root chmod 755 "$POLICY"
        POLICY_IS_OURS=yes
    fi
}

release_services() {
    [[ ${POLICY_IS_OURS:-} != yes ]] || as_root rm -f "$POLICY"
    [[ ! -e $CREATECLUSTER.optimagio ]] || as_root mv "$CREATECLUSTER.optimagio" "$CREATECLUSTER"
}

# no_system_cluster LOG: only where PostgreSQL is about to be installed for the first time.
no_system_cluster() {
    apt_get "$1" install postgresql-common
    as_root cp -p "$CREATECLUSTER" "$CREATECLUSTER.optimagio"
    as_root sed -i 's/^#\? *create_main_cluster *=.*/create_main_cluster = false/' "$CREATECLUSTER"
}

# apt_get LOG VERB PACKAGE…
apt_get() {
    local log=$1
    shift
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$1" --no-install-recommends "${@:2}" \
        </dev/null >>"$log" 2>&1 || fail "apt-get $* failed: see $log"
}

install_packages() {
    local missing log
    command -v apt-get >/dev/null || fail "apt-get is missing: this script is for Debian 12"
    mapfile -t missing < <(packages_missing)
    if ((${#missing[@]} == 0)); then
        say "packages: all installed"
        return
    fi
    ((EUID == 0)) || command -v sudo >/dev/null ||
        fail "sudo is missing: run as root once: apt-get install ${missing[*]}"
    mkdir -p "$CACHE"
    log=$CACHE/apt.log
    say "packages: installing ${missing[*]} (log: $log)"
    trap release_services EXIT
    apt_get "$log" update
    hold_services
    [[ " ${missing[*]} " != *" postgresql-15 "* ]] || no_system_cluster "$log"
    apt_get "$log" install "${missing[@]}"
    release_services
    trap - EXIT
    say "packages: done"
}

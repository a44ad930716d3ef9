# shellcheck shell=bash
# The peers of scripts/bench codec, from their registries into .run/peers. Their versions are fixed: a ratio means
# something only against a known peer.

SHARP_VERSION=0.35.5
OXIMG_VERSION=0.18.1

# peers_install DIR
peers_install() {
    mkdir -p "$1"
    peers_sharp "$1"
    peers_oximg "$1"
}

peers_sharp() {
    local program
    for program in node npm; do
        command -v "$program" >/dev/null || fail "$program is missing: install Node.js 20 or newer (nodejs.org)"
    done
    local installed=$1/node_modules/sharp/package.json
    ! grep -qs "\"version\": \"$SHARP_VERSION\"" "$installed" || return 0
    say "sharp $SHARP_VERSION: installing (log: $1/sharp.log)"
    npm install --prefix "$1" --no-audit --no-fund "sharp@$SHARP_VERSION" </dev/null >"$1/sharp.log" 2>&1 ||
        fail "sharp cannot be installed: see $1/sharp.log"
}

# Only one row needs it, so that its failure skips that row and nothing else.
peers_oximg() {
    local version="oximg $OXIMG_VERSION"
    [[ ! -x $1/bin/oximg || $(cat "$1/oximg.version" 2>/dev/null) != "$version" ]] || return 0
    say "$version: building, takes some minutes (log: $1/oximg.log)"
    # A target folder of its own: the project's would be locked meanwhile, and nothing in it can be shared.
    if nice -n 19 cargo install --locked --force --root "$1" --target-dir "$1/target" oximg \
        --version "$OXIMG_VERSION" </dev/null >"$1/oximg.log" 2>&1; then
        printf '%s\n' "$version" >"$1/oximg.version"
    else
        say "$version cannot be built, its row will be skipped: $(grep -m 1 '^error' "$1/oximg.log")"
        rm -f "$1/bin/oximg"
    fi
    rm -rf "$1/target"
}

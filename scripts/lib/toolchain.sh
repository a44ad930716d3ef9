# shellcheck shell=bash
# Rust and the tools around it.

PROJECT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
CACHE=$HOME/.cache/optimagio
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
# rustup's default place, for shells that have not read its environment file, then our own tools.
export PATH="$PATH:$HOME/.cargo/bin:$CACHE/tools/bin"

require_rust() {
    command -v cargo >/dev/null || fail "Rust is missing: install it from https://rustup.rs, then run this again"
    local version oldest
    version=$(cd "$PROJECT" && rustc --version) || fail "rustc does not run: see the lines above"
    version=$(cut -d ' ' -f 2 <<<"$version")
    oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$PROJECT/Cargo.toml")
    [[ $(printf '%s\n' "$oldest" "$version" | sort -V | head -1) == "$oldest" ]] ||
        fail "Rust $version is too old: at least $oldest is needed (rustup update)"
}

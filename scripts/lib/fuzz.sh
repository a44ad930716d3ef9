# shellcheck shell=bash
# cargo-fuzz: its installation, where it works, one run of one target.

CARGO_FUZZ_VERSION=0.13.2
# Largest input in bytes: enough for every structure that is walked, small enough for thousands a second.
FUZZ_MAX_BYTES=16384
# An input that takes longer is a finding, in seconds.
FUZZ_TIMEOUT=10
# A single allocation beyond this is a finding, in MB: no walk holds more than one metadata block, and what
# `bmp` decodes is smaller.
FUZZ_MALLOC_MB=64

require_nightly() {
    [[ $(rustup toolchain list 2>/dev/null) == *nightly* ]] ||
        fail "a nightly Rust is missing, libFuzzer needs it: rustup toolchain install nightly"
}

require_cargo_fuzz() {
    local log=$CACHE/cargo-fuzz.log
    ! command -v cargo-fuzz >/dev/null || return 0
    mkdir -p "$CACHE"
    say "cargo-fuzz $CARGO_FUZZ_VERSION: building, takes some minutes (log: $log)"
    (cd "$CACHE" && cargo install --locked cargo-fuzz --version "$CARGO_FUZZ_VERSION" --root "$CACHE/tools") \
        </dev/null >"$log" 2>&1 || fail "cargo-fuzz cannot be built: see $log"
}

# fuzz_targets: the names, one a line.
fuzz_targets() {
    cargo +nightly fuzz list --fuzz-dir "$PROJECT/fuzz"
}

# fuzz_build LOG TARGET…
fuzz_build() {
    local log=$1 target
    shift
    for target in "$@"; do
        cargo +nightly fuzz build --fuzz-dir "$PROJECT/fuzz" --target-dir "$CARGO_TARGET_DIR" "$target" \
            </dev/null >>"$log" 2>&1 || fail "the fuzz target $target cannot be built: see $log"
    done
}

# fuzz_run TARGET SECONDS DIR: the corpus grows in DIR/corpus, a failing input goes to DIR/findings.
fuzz_run() {
    local target=$1 seconds=$2 dir=$3 dictionary=$PROJECT/fuzz/dictionaries/$1.dict
    local corpora=("$dir/corpus/$target" "$dir/seeds") options=()
    [[ ! -d $PROJECT/../shared/corpus/hostile ]] || corpora+=("$PROJECT/../shared/corpus/hostile")
    [[ ! -f $dictionary ]] || options+=("-dict=$dictionary")
    mkdir -p "$dir/corpus/$target" "$dir/findings/$target"
    cargo +nightly fuzz run --fuzz-dir "$PROJECT/fuzz" --target-dir "$CARGO_TARGET_DIR" \
        "$target" "${corpora[@]}" -- "${options[@]}" \
        -max_total_time="$seconds" -max_len=$FUZZ_MAX_BYTES -timeout=$FUZZ_TIMEOUT \
        -malloc_limit_mb=$FUZZ_MALLOC_MB -artifact_prefix="$dir/findings/$target/" -print_final_stats=1 \
        </dev/null >"$dir/$target.log" 2>&1
}

# fuzz_execs LOG: inputs that were run; a crash leaves only the last progress line.
fuzz_execs() {
    awk '/^stat::number_of_executed_units:/ { total = $2 } /^#[0-9]+/ { last = substr($1, 2) + 0 }
        END { print (total == "" ? last + 0 : total) }' "$1"
}

# fuzz_finding LOG: the path of the input that failed, if one did.
fuzz_finding() {
    sed -n 's/.*Test unit written to //p' "$1" | head -1
}

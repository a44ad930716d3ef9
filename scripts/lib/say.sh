# shellcheck shell=bash
# What the scripts say: progress on standard output, failures on standard error in one line.

say() {
    printf '%s\n' "$*"
}

# fail MESSAGE: one clear line, then the end of this shell with code 1.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

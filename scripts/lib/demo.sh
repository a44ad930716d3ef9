# shellcheck shell=bash
# The demo account of a local installation, its key and its picture.

DEMO_EMAIL=demo@localhost

# json_text JSON NAME: the value of a text member in what `optimagio` prints.
json_text() {
    sed -n "s/.*\"$2\": *\"\([^\"]*\)\".*/\1/p" <<<"$1" | head -1
}

# demo_key_known BIN KEY: whether the account has this key.
demo_key_known() {
    local keys prefix
    [[ -n $2 ]] || return 1
    keys=$("$1/optimagio" key list --account "$DEMO_EMAIL" 2>/dev/null) || return 1
    while read -r prefix; do
        [[ $2 != "$prefix"* ]] || return 0
    done < <(grep -o '"prefix": *"[^"]*"' <<<"$keys" | cut -d '"' -f 4)
    return 1
}

# demo_env FILE BIN URL LOG: makes the account and a key unless FILE holds one that the account has.
demo_env() {
    local file=$1 bin=$2 url=$3 log=$4 key='' answer
    [[ ! -s $file ]] || key=$(sed -n 's/^API_KEY=//p' "$file")
    if ! demo_key_known "$bin" "$key"; then
        "$bin/optimagio" account show "$DEMO_EMAIL" >/dev/null 2>&1 ||
            "$bin/optimagio" account create --email "$DEMO_EMAIL" --tier business >>"$log" 2>&1 ||
            fail "the demo account cannot be created: see $log"
        answer=$("$bin/optimagio" key create --account "$DEMO_EMAIL" --label demo 2>>"$log") ||
            fail "the demo key cannot be created: see $log"
        key=$(json_text "$answer" key)
        [[ -n $key ]] || fail "optimagio key create printed no key"
    fi
    (
        umask 077
        printf 'BASE_URL=%s\nAPI_KEY=%s\n' "$url" "$key" >"$file"
    )
}

# demo_show ENVFILE SAMPLE: what to do next.
demo_show() {
    local url key
    url=$(sed -n 's/^BASE_URL=//p' "$1")
    key=$(sed -n 's/^API_KEY=//p' "$1")
    say "base URL: $url    API reference: $url/docs"
    say "try it:"
    say "  curl -sS -H 'X-API-Key: $key' -F image=@'$2' -F format=webp $url/api/optimize"
}

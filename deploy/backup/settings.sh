# shellcheck shell=bash
# What the relay runs on. Of the two scripts that read this: $here, their folder, $moltrelay and $config.
# shellcheck disable=SC2154

die() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit "${2:-1}"
}

need() {
    command -v "$1" >/dev/null || die "$1 is needed and not there: install the package $2" 69
}

# Of the running relay, which may still run on what its file said before; of the file where no relay answers.
read_settings() {
    need jq jq
    command -v "$moltrelay" >/dev/null || die "there is no program $moltrelay: MOLTRELAY names it" 69
    [ -z "$config" ] || export MOLTRELAY_CONFIG=$config
    if settings=$("$moltrelay" config show --json 2>/dev/null); then return; fi
    settings=$("$moltrelay" check-config --effective --format json 2>/dev/null) || {
        "$moltrelay" check-config >&2 || true
        die "no relay answers, and none would start with this configuration"
    }
}

setting() {
    jq -er --arg key "$1" '(.settings // .effective)[] | select(.key == $key).value' <<<"$settings"
}

# The functions store_* of the configured store.
read_store() {
    store=$(setting queue.storage)
    [ "$(setting queue.enabled)" = true ] || store=memory
    [ "$store" != memory ] || return 0
    [ -e "$here/stores/$store.sh" ] || die "these scripts do not know queue.storage: $store"
    # shellcheck source=deploy/backup/stores/sqlite.sh
    . "$here/stores/$store.sh"
    store_needs
}

# The same functions, of the file that waits for the store.
read_spill() {
    # shellcheck source=deploy/backup/stores/sqlite.sh
    . "$here/stores/sqlite.sh"
    sqlite_needs storage.spill.path
}

sum_of() {
    local sum
    sum=$(sha256sum <"$1")
    printf '%s' "${sum%% *}"
}

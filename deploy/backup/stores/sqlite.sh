# shellcheck shell=bash disable=SC2034
# The embedded queue: one file, and its log beside it.

store_suffix=db
# "MoRq", as the relay marks its files.
sqlite_application=1299141233

store_needs() { sqlite_needs storage.sqlite.path; }

sqlite_needs() {
    need sqlite3 sqlite3
    sqlite_path=$(realpath -m -- "$(setting "$1")")
}

sqlite_run() { sqlite3 -batch -bail -init /dev/null -cmd '.timeout 10000' "$@"; }

# One read transaction: a consistent copy however many commits come meanwhile, where `.backup` begins anew with each.
# Read-only, so that the log of a relay that crashed is left for the relay to look over.
store_back_up() {
    [ -s "$sqlite_path" ] || die "there is no queue at $sqlite_path yet"
    sqlite_run -readonly "$sqlite_path" "VACUUM INTO '${1//\'/\'\'}'" ||
        die "$sqlite_path could not be copied to $1"
    sqlite_is_whole "$1"
}

sqlite_is_whole() {
    local found
    found=$(sqlite_run -readonly "$1" 'PRAGMA application_id; PRAGMA quick_check(1)' | tr '\n' ' ') || found=unreadable
    [ "$found" = "$sqlite_application ok " ] || die "$1 is no sound queue of a relay: $found"
}

# The lock is the relay's own: none starts on the file while it is held.
store_refuse_while_used() {
    mkdir -p "${sqlite_path%/*}"
    exec 8>>"$sqlite_path.lock"
    flock -n 8 || die "process $(head -n 1 "$sqlite_path.lock") runs on $sqlite_path: stop that relay first"
}

store_aside() { printf '%s.before-%s' "$sqlite_path" "$2"; }

# $1 into the place of the present queue, and that to $2, its log after it: a relay refuses a log without its database.
store_restore() {
    local draft=$sqlite_path.restoring part
    rm -f -- "$draft"
    cp -- "$1" "$draft"
    sqlite_is_whole "$draft"
    [ "$(sum_of "$draft")" = "$(sum_of "$1")" ] || die "the copy of $1 at $draft is not what was copied"
    chown --reference="${sqlite_path%/*}" -- "$draft" "$sqlite_path.lock"
    sync "$draft"
    for part in '' -wal -shm; do
        [ ! -e "$sqlite_path$part" ] || mv -- "$sqlite_path$part" "$2$part"
    done
    mv -- "$draft" "$sqlite_path"
    sync "${sqlite_path%/*}"
    [ ! -e "$2" ] || kept=$2
}

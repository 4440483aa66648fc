# shellcheck shell=bash disable=SC2034
# The queue in a Redis server: a snapshot of the whole server, of which a restore takes the relay's keys alone.

store_suffix=rdb
redis_base='moltrelay:{0}'
# A version of the queue that no relay takes.
redis_unfinished=4000000000

store_needs() {
    need redis-cli redis-tools
    need redis-check-rdb redis-tools
    local file
    [ "$(setting storage.redis.cluster)" != true ] || die "these scripts do not know storage.redis.cluster"
    if [ -z "${REDISCLI_AUTH:-}" ] && file=$(setting storage.redis.password_file) && [ -n "$file" ]; then
        REDISCLI_AUTH=$(cat -- "$file") || die "the password of Redis cannot be read"
        export REDISCLI_AUTH
    fi
    redis_options
}

redis_options() {
    local value
    redis=(redis-cli -e --no-auth-warning -n "$(setting storage.redis.db)")
    value=$(setting storage.redis.user) && [ -n "$value" ] && redis+=(--user "$value")
    if [ "$(setting storage.redis.tls.enabled)" = true ]; then
        redis+=(--tls)
        value=$(setting storage.redis.tls.ca_file) && [ -n "$value" ] && redis+=(--cacert "$value")
    fi
    local address addresses told=
    IFS=', ' read -ra addresses <<<"$(setting storage.redis.addresses)"
    for address in "${addresses[@]}"; do
        local host=${address%:*}
        host=${host#[}
        local there=("${redis[@]}" -h "${host%]}" -p "${address##*:}")
        if told=$("${there[@]}" ROLE 2>&1) && [ "${told%%$'\n'*}" = master ]; then
            redis=("${there[@]}")
            return
        fi
    done
    die "no Redis server of ${addresses[*]} can be used; the last says: ${told:-nothing}"
}

store_back_up() {
    local told
    told=$("${redis[@]}" --rdb "$1" 2>&1) || die "no snapshot of the Redis server came to $1: ${told##*$'\n'}"
    redis-check-rdb "$1" >/dev/null || die "$1 is no whole snapshot of the Redis server"
}

store_refuse_while_used() {
    local clients
    clients=$("${redis[@]}" CLIENT LIST) || die "the Redis server does not tell who is connected: $clients"
    clients=$(grep -c ' name=moltrelay ' <<<"$clients") || return 0
    die "$clients connections of relays to this Redis server: stop every relay that uses it first"
}

store_aside() { printf '%s/moltrelay-before-%s.rdb' "${1%/*}" "$2"; }

# One after another and not at one stroke, so meanwhile the queue is of a version that no relay takes. The relay's own
# key of totals and version comes last, in the place of that mark.
store_restore() {
    need redis-server redis-server
    redis-check-rdb "$1" >/dev/null || die "$1 is no snapshot of a Redis server"
    keep_aside "$2"
    kept=$2
    redis_copy=$(mktemp -d)
    trap redis_end_copy EXIT
    redis_start_copy "$1"
    redis_is_whole redis_copy_cli || die "$1 holds no queue of a relay in database $(setting storage.redis.db)"
    redis_try
    redis_clear
    local part=$redis_copy/part
    while redis_take_part >"$part" && [ "$(stat -c %s "$part")" -gt 1 ]; do
        "${redis[@]}" --pipe <"$part" >"$redis_copy/told" 2>&1 ||
            die "the Redis server did not take all keys: $(tail -n 3 "$redis_copy/told"). Make room, and restore again"
    done
    redis_is_whole "${redis[@]}" || die "the copy of $1 ended early: restore again"
}

redis_copy_cli() { env -u REDISCLI_AUTH redis-cli -e -s "$redis_copy/socket" -n "$(setting storage.redis.db)" "$@"; }

# One key under another name, before anything goes: a server may be older than the snapshot, or refuse this user. Room it
# will have.
redis_try() {
    local told
    redis_copy_cli --raw EVAL '
        local command, out = {"RESTORE", KEYS[1] .. ":probe", "0", redis.call("DUMP", KEYS[1] .. ":t"), "REPLACE"}, "*5\r\n"
        for _, word in ipairs(command) do out = out .. "$" .. #word .. "\r\n" .. word .. "\r\n" end
        return out' 1 "$redis_base" >"$redis_copy/part"
    if told=$("${redis[@]}" --pipe <"$redis_copy/part" 2>&1); then
        "${redis[@]}" UNLINK "$redis_base:probe" >/dev/null
        return
    fi
    [[ $told == *OOM* ]] || die "nothing was changed: the Redis server does not take the keys of this snapshot: $(head -n 1 <<<"$told")"
}

# A server that is full takes the mark when there is room again.
redis_clear() {
    local left
    while left=$("${redis[@]}" EVAL '
        pcall(redis.replicate_commands)
        redis.pcall("HSET", KEYS[1] .. ":t", "v", ARGV[1])
        local cursor, gone = "0", 0
        repeat
            local found = redis.call("SCAN", cursor, "MATCH", KEYS[1] .. ":*", "COUNT", 1000)
            cursor = found[1]
            for _, key in ipairs(found[2]) do
                if key ~= KEYS[1] .. ":t" then gone = gone + redis.call("UNLINK", key) end
            end
        until cursor == "0" or gone >= 10000
        if gone == 0 then redis.call("HSET", KEYS[1] .. ":t", "v", ARGV[1]) end
        return gone' 1 "$redis_base" "$redis_unfinished"); do
        [ "$left" != 0 ] || return 0
    done
    die "the keys of the present queue cannot be removed: $left. What was there is in a snapshot beside the backup"
}

redis_is_whole() {
    local version
    version=$("$@" HGET "$redis_base:t" v) && [ -n "$version" ] && [ "$version" != "$redis_unfinished" ]
}

# A server of this script's own, that nobody but it reaches.
redis_start_copy() {
    cp -- "$1" "$redis_copy/dump.rdb"
    redis-server --port 0 --unixsocket "$redis_copy/socket" --unixsocketperm 700 --dir "$redis_copy" --save '' \
        --appendonly no --databases 65536 --logfile "$redis_copy/log" &
    redis_pid=$!
    local tries=0
    until [ "$(redis_copy_cli PING 2>/dev/null)" = PONG ]; do
        kill -0 "$redis_pid" 2>/dev/null || die "the snapshot cannot be loaded: $(tail -n 2 "$redis_copy/log")"
        tries=$((tries + 1))
        [ "$tries" -lt 6000 ] || die "the snapshot was not loaded within ten minutes"
        sleep 0.1
    done
}

redis_end_copy() {
    [ -z "${redis_pid:-}" ] || { kill -KILL "$redis_pid" && wait "$redis_pid"; } 2>/dev/null || true
    rm -rf -- "$redis_copy"
}

# Some 8 MiB of keys as the commands that make them, taken away from the copy.
redis_take_part() {
    redis_copy_cli --raw EVAL '
        pcall(redis.replicate_commands)
        local out, size, cursor, last = {}, 0, "0", KEYS[1] .. ":t"
        local function take(key)
            local dump = redis.call("DUMP", key)
            local command = {"RESTORE", key, "0", dump, "REPLACE"}
            out[#out + 1] = "*" .. #command .. "\r\n"
            for _, word in ipairs(command) do out[#out + 1] = "$" .. #word .. "\r\n" .. word .. "\r\n" end
            size = size + #dump
            redis.call("UNLINK", key)
        end
        repeat
            local found = redis.call("SCAN", cursor, "MATCH", KEYS[1] .. ":*", "COUNT", 1000)
            cursor = found[1]
            for _, key in ipairs(found[2]) do
                if key ~= last then take(key) end
                if size > 8388608 then return table.concat(out) end
            end
        until cursor == "0"
        if #out == 0 and redis.call("EXISTS", last) == 1 then take(last) end
        return table.concat(out)' 1 "$redis_base"
}

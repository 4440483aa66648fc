/// What the server does at one stroke. Keys begin with `KEYS[1]`; docs/redis.md says what each holds.
enum QueueScript: Int, CaseIterable {
    case commit, expire, purge, totals, load, list, pinned, pin

    /// What the keys begin with where one server has the whole queue.
    static let base = "moltrelay:{0}"
    static let schemaVersion: Int64 = 1

    /// The key of a relay's share, another for each start of it.
    static func newShare(of base: String) -> String {
        base + ":i:" + String(UInt64.random(in: 0..<(1 << 40)), radix: 16)
    }

    var source: String {
        switch self {
        case .commit: Self.commitSource
        case .expire: Self.expireSource
        case .purge: Self.purgeSource
        case .totals: Self.totalsSource
        case .load: Self.loadSource
        case .list: Self.listSource
        case .pinned: Self.pinnedSource
        case .pin: Self.pinSource
        }
    }

    private static let commitSource =
        prelude + """
            local perAgent, perSender, maxBytes, maxOnce =
                tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
            local out, i, forgotten = head(), 8, false
            -- Refused here where there is no memory, before anything was written.
            if ARGV[7] == '1' then redis.call('HSET', base .. ':t', 'v', 1) end
            local function full(a, sender, size, once)
                if a.m >= perAgent then return -3 end
                if a.s[sender] >= perSender then return -4 end
                if bytes + size > maxBytes then return -5 end
                if once == '1' and exact + call('ZCARD', base .. ':r') >= maxOnce then return -6 end
            end
            local function put(r, key, lane, once, size, accepted, expires, flags, sum, payload)
                local member, sender = r .. key, sub(key, 1, 32)
                if once == '1' then
                    if not forgotten then forget(-1); forgotten = true end
                    if call('ZSCORE', base .. ':r', member) then return -1 end
                end
                local a = agent(r, sender)
                local limit = full(a, sender, size, once)
                if limit then return call('HEXISTS', a.k, key) == 1 and -1 or limit end
                local s = sequence()
                local text = format('%d', s)
                local place = text .. ' ' .. lane .. ' ' .. size .. ' ' .. once .. ' ' .. me
                if call('HSETNX', a.k, key, place) == 0 then return -1 end
                call('XADD', base .. ':q' .. lane .. ':' .. r, text,
                    'a', accepted, 'e', expires, 'f', flags, 'c', sum, 'm', payload)
                expiries[due + 1], expiries[due + 2], due = expires, member, due + 2
                if a.m == 0 then a.f, a.a, a.first = text, accepted, true end
                a.m, a.b, a.s[sender], a.changed = a.m + 1, a.b + size, a.s[sender] + 1, true
                local lanes = a.l
                if lanes ~= lane and lanes and not find(lanes, lane, 1, true) then a.l, a.lanes = lanes .. lane, true end
                messages, bytes, newMessages, newBytes = messages + 1, bytes + size, newMessages + 1, newBytes + size
                if once == '1' then exact = exact + 1 end
                return s
            end
            local n, most = #out, #ARGV
            while i <= most do
                local kind, r, key = ARGV[i], ARGV[i + 1], ARGV[i + 2]
                n = n + 1
                if kind == 'r' then
                    out[n] = take(r, key) and -2 or 0
                    i = i + 3
                else
                    -- The lane, and behind it whether it is to be delivered exactly once.
                    local lane, once, payload = sub(kind, 1, 1), sub(kind, 2), ARGV[i + 7]
                    out[n] = put(r, key, lane, once, #payload, ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], payload)
                    i = i + 8
                end
            end
            return finish(out)
            """

    private static let expireSource =
        prelude + """
            redis.call('DEL', base .. ':none')
            seen()
            local out, limit = head(), tonumber(ARGV[3])
            -- More than a shard's part of what a sweep may remove: what has lapsed takes room from all of them.
            forget(math.max(limit, 1000))
            for _, member in ipairs(redis.call('ZRANGEBYSCORE', base .. ':e', '-inf', ARGV[1], 'LIMIT', 0, limit)) do
                if take(string.sub(member, 1, 32), string.sub(member, 33)) then
                    out[#out + 1] = member
                else
                    redis.call('ZREM', base .. ':e', member)
                end
            end
            return finish(out)
            """

    private static let purgeSource =
        prelude + """
            local out, limit, r = head(), tonumber(ARGV[3]), ARGV[4]
            local found = redis.call('HSCAN', base .. ':k:' .. r, 0, 'COUNT', limit)
            local cursor, keys = found[1], found[2]
            while true do
                for i = 1, #keys, 2 do
                    if #out - 11 >= limit then return finish(out) end
                    if take(r, keys[i]) then out[#out + 1] = r .. keys[i] end
                end
                if cursor == '0' then return finish(out) end
                found = redis.call('HSCAN', base .. ':k:' .. r, cursor, 'COUNT', limit)
                cursor, keys = found[1], found[2]
            end
            """

    /// What is there, as the other scripts begin their answers, and the schema's version. What a relay of the same name
    /// counted, which is this one before it was started again, is counted here from now on.
    private static let totalsSource =
        prelude + """
            -- Fails on a replica, and needs no memory.
            redis.call('DEL', base .. ':none')
            seen(ARGV[3])
            local out = head()
            out[12] = redis.call('HGET', base .. ':t', 'v')
            return finish(out)
            """

    private static let loadSource =
        """
        local base, r, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
        local most, maxBytes, out, n, size = tonumber(ARGV[3]), tonumber(ARGV[4]), {1}, 0, 0
        for i = 5, #ARGV, 2 do
            local key, from = base .. ':q' .. ARGV[i] .. ':' .. r, ARGV[i + 1] .. '-0'
            while true do
                local part = redis.call('XRANGE', key, from, '+', 'COUNT', 32)
                for _, entry in ipairs(part) do
                    local f = entry[2]
                    if tonumber(f[4]) > now then
                        if n > 0 and (n >= most or size + #f[10] > maxBytes) then
                            out[1] = 0
                            return out
                        end
                        n, size = n + 1, size + #f[10]
                        local at = #out
                        out[at + 1], out[at + 2], out[at + 3] = string.match(entry[1], '^%d+'), f[2], f[4]
                        out[at + 4], out[at + 5], out[at + 6] = f[6], f[8], f[10]
                    end
                end
                if #part < 32 then break end
                from = string.match(part[32][1], '^%d+') .. '-1'
            end
        end
        return out
        """

    /// Agents by their first sequence, behind one of those.
    private static let listSource =
        """
        local base = KEYS[1]
        local out = {redis.call('ZCARD', base .. ':a')}
        for _, r in ipairs(redis.call('ZRANGEBYSCORE', base .. ':a', ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])) do
            local c = redis.call('HMGET', base .. ':c:' .. r, 'm', 'b', 'f', 'a')
            local at = #out
            out[at + 1], out[at + 2], out[at + 3], out[at + 4], out[at + 5] = r, c[1], c[2], c[3], c[4]
        end
        return out
        """

    /// The pin of an agent, and how many pins have no organisation.
    private static let pinnedSource =
        """
        return {redis.call('HGET', KEYS[1] .. ':p', ARGV[1]) or '', redis.call('HGET', KEYS[1] .. ':t', 'p') or 0}
        """

    /// Puts one pin (none where it is empty) in the place of another, and tells how many have no organisation then; -1
    /// where that is not there any more, or there are too many of those. A pin begins with `-` where it has none.
    private static let pinSource =
        """
        local base, agent, old, new, most = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
        if (redis.call('HGET', base .. ':p', agent) or '') ~= old then return -1 end
        local change = 0
        if string.sub(old, 1, 1) == '-' then change = -1 end
        if string.sub(new, 1, 1) == '-' then change = change + 1 end
        if change > 0 and tonumber(redis.call('HGET', base .. ':t', 'p') or 0) >= most then return -1 end
        if new == '' then
            redis.call('HDEL', base .. ':p', agent)
        else
            redis.call('HSET', base .. ':p', agent, new)
        end
        return redis.call('HINCRBY', base .. ':t', 'p', change)
        """

    /// Counts are kept in Lua while a script runs and written at its end. `finish` fills in the `head` of an
    /// answer: messages, bytes, when the oldest was accepted, the share of the relay that `KEYS[2]` is about,
    /// exactly-once keys and pins without an organisation.
    private static let prelude = """
        local base, mine, now, window = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
        local call, format, sub, find = redis.call, string.format, string.sub, string.find
        local sums = call('HMGET', base .. ':t', 'm', 'b', 'x', 's', 'p')
        local messages, bytes = tonumber(sums[1] or 0), tonumber(sums[2] or 0)
        local exact, last = tonumber(sums[3] or 0), tonumber(sums[4] or 0)
        local agents, started = {}, nil
        -- Entries of the sorted set by expiry that are to come, and their number; those that are to go.
        local expiries, due, expired = {}, 0, {}
        local newMessages, newBytes = 0, 0
        local me, holders, shares = string.match(mine, '%x+$'), {}, {}
        -- Microseconds: above all that went before also where the server lost its last writes, and `last` with them.
        local function sequence()
            if not started then
                local time = call('TIME')
                started = tonumber(time[1]) * 1000000 + tonumber(time[2])
                last = math.max(last, started - 1)
            end
            last = last + 1
            return last
        end
        local function head() return {0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0} end
        local function holder(owner)
            if not holders[owner] then holders[owner] = redis.call('HGET', base .. ':o', owner) or owner end
            return holders[owner]
        end
        local function share(relay)
            if not shares[relay] then shares[relay] = {m = 0, b = 0, x = 0, g = 0, r = 0, p = 0} end
            return shares[relay]
        end
        -- Where another relay holds what this one put, what it puts is handed over at once.
        local function countNew()
            if newMessages == 0 then return end
            local by, own = holder(me), share(me)
            local s = share(by)
            s.m, s.b, own.p = s.m + newMessages, s.b + newBytes, own.p + newMessages
            if by ~= me then own.g, s.r = own.g + newMessages, s.r + newMessages end
            newMessages, newBytes = 0, 0
        end
        local function uncount(owner, size)
            local by = holder(owner)
            local s = share(by)
            s.m, s.b = s.m - 1, s.b - size
            if by ~= me then s.g, share(me).x = s.g + 1, share(me).x + 1 end
        end
        local function adopt(other)
            local theirs, owners = base .. ':i:' .. other, redis.call('HGETALL', base .. ':o')
            local c = redis.call('HMGET', theirs, 'm', 'b')
            local m, b = tonumber(c[1] or 0), tonumber(c[2] or 0)
            for i = 1, #owners, 2 do
                if owners[i + 1] == other then redis.call('HSET', base .. ':o', owners[i], me) end
            end
            redis.call('HSET', base .. ':o', other, me)
            redis.call('HINCRBY', mine, 'm', m)
            redis.call('HINCRBY', mine, 'b', b)
            redis.call('HINCRBY', mine, 'r', m)
            redis.call('HINCRBY', theirs, 'g', m)
            redis.call('HSET', theirs, 'm', 0, 'b', 0)
            redis.call('EXPIRE', theirs, 86400)
            redis.call('ZREM', base .. ':l', other)
        end
        -- This relay lives. What those counted that were not seen for 60 s, or have its name, it counts from now on.
        local function seen(name)
            local seconds = tonumber(redis.call('TIME')[1])
            redis.call('ZADD', base .. ':l', seconds, me)
            if name then redis.call('HSET', mine, 'n', name) end
            redis.call('PERSIST', mine)
            if messages == 0 then redis.call('DEL', base .. ':o') end
            local relays = redis.call('ZRANGE', base .. ':l', 0, -1, 'WITHSCORES')
            for i = 1, #relays, 2 do
                local other = relays[i]
                local isLate = tonumber(relays[i + 1]) < seconds - 60
                local isSame = name and redis.call('HGET', base .. ':i:' .. other, 'n') == name
                if other ~= me and (isLate or isSame) then adopt(other) end
            end
        end
        local function agent(r, sender)
            local a = agents[r]
            if not a then
                local key = base .. ':c:' .. r
                local c = call('HMGET', key, 'm', 'b', 'f', 'a', 'l', sender)
                a = {c = key, k = base .. ':k:' .. r, m = tonumber(c[1] or 0), b = tonumber(c[2] or 0), f = c[3],
                    a = c[4], l = c[5], s = {[sender] = tonumber(c[6] or 0)}, one = sender, changed = false, first = false,
                    lanes = false}
                -- Lanes that may hold something; a relay of before did not write them down.
                if a.m == 0 then a.l = '' end
                agents[r] = a
            elseif not a.s[sender] then
                a.s[sender], a.one = tonumber(call('HGET', a.c, sender) or 0), nil
            end
            return a
        end
        local function forget(limit)
            local gone = redis.call('ZRANGEBYSCORE', base .. ':r', '-inf', now, 'LIMIT', 0, limit)
            for _, member in ipairs(gone) do redis.call('ZREM', base .. ':r', member) end
        end
        -- One command for all its members, of which Lua hands over some thousand at a time.
        local function many(name, key, words)
            for i = 1, #words, 4000 do call(name, key, unpack(words, i, math.min(i + 3999, #words))) end
        end
        -- First those that go: what was removed may have been put again.
        local function storeExpiries()
            many('ZREM', base .. ':e', expired)
            many('ZADD', base .. ':e', expiries)
            expiries, due, expired = {}, 0, {}
        end
        local function take(r, key)
            local entry = call('HGET', base .. ':k:' .. r, key)
            if not entry then return false end
            local text, lane, size, once, owner = string.match(entry, '(%d+) (%d+) (%d+) (%d+) (%x+)')
            local sender = sub(key, 1, 32)
            local a, member = agent(r, sender), r .. key
            call('XDEL', base .. ':q' .. lane .. ':' .. r, text)
            call('HDEL', a.k, key)
            -- It may have come in this batch.
            if due > 0 then storeExpiries() end
            expired[#expired + 1] = member
            if a.f == text then a.f = nil end
            a.m, a.b, a.s[sender], a.changed = a.m - 1, a.b - size, a.s[sender] - 1, true
            messages, bytes = messages - 1, bytes - size
            countNew()
            uncount(owner, size)
            if once == '1' then
                exact = exact - 1
                call('ZADD', base .. ':r', format('%d', now + window), member)
            end
            return true
        end
        \(writing)
        local function finish(out)
            countNew()
            storeExpiries()
            if storeAgents() then
                redis.call('HSET', base .. ':t', 'm', messages, 'b', bytes, 'x', exact,
                    's', string.format('%.0f', last), 'v', 1)
            end
            for relay, s in pairs(shares) do
                for field, change in pairs(s) do
                    if change ~= 0 then redis.call('HINCRBY', base .. ':i:' .. relay, field, change) end
                end
            end
            local oldest = redis.call('ZRANGE', base .. ':a', 0, 0)[1]
            out[1], out[2] = messages, bytes
            out[3] = oldest and redis.call('HGET', base .. ':c:' .. oldest, 'a') or ''
            local own = redis.call('HMGET', mine, 'm', 'b', 'x', 'g', 'r', 'p')
            for i = 1, 6 do out[3 + i] = own[i] or 0 end
            out[10], out[11] = exact + redis.call('ZCARD', base .. ':r'), sums[5] or 0
            return out
        end

        """
}

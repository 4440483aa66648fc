extension QueueScript {
    /// How what a script has reckoned is written at its end.
    static let writing = """
        local function first(r, lanes)
            local least, accepted
            for lane in string.gmatch(lanes, '.') do
                local entry = call('XRANGE', base .. ':q' .. lane .. ':' .. r, '-', '+', 'COUNT', 1)[1]
                local s = entry and tonumber(string.match(entry[1], '^%d+'))
                if s and (not least or s < least) then least, accepted = s, entry[2][2] end
            end
            return least and string.format('%d', least), accepted
        end
        -- One command for all its members, of which Lua hands over some thousand at a time.
        local function many(name, key, words)
            for i = 1, #words, 4000 do call(name, key, unpack(words, i, math.min(i + 3999, #words))) end
        end
        local function forgetAgent(r, a)
            local keys = {a.c, a.k}
            for lane in string.gmatch(a.l or '01234', '.') do keys[#keys + 1] = base .. ':q' .. lane .. ':' .. r end
            call('DEL', unpack(keys))
        end
        local function store(r, a)
            if not a.f then
                a.f, a.a = first(r, a.l or '01234')
                if not a.f then a.f, a.a = first(r, '01234') end
                a.first = true
            end
            local words = {'m', string.format('%d', a.m), 'b', string.format('%d', a.b)}
            local n = 4
            if a.first then words[5], words[6], words[7], words[8], n = 'f', a.f, 'a', a.a, 8 end
            if a.lanes then words[n + 1], words[n + 2], n = 'l', a.l, n + 2 end
            for sender, count in pairs(a.s) do
                if count > 0 then
                    words[n + 1], words[n + 2], n = sender, string.format('%d', count), n + 2
                else
                    call('HDEL', a.c, sender)
                end
            end
            many('HSET', a.c, words)
        end
        local function storeExpiries()
            local set, gone, n = {}, {}, 0
            for member, expires in pairs(expiries) do
                if expires then
                    set[n + 1], set[n + 2], n = expires, member, n + 2
                else
                    gone[#gone + 1] = member
                end
            end
            many('ZADD', base .. ':e', set)
            many('ZREM', base .. ':e', gone)
        end
        local function storeAgents()
            local set, gone, n, changed = {}, {}, 0, false
            for r, a in pairs(agents) do
                if a.changed then
                    changed = true
                    if a.m == 0 then forgetAgent(r, a) else store(r, a) end
                    if a.m == 0 then
                        gone[#gone + 1] = r
                    elseif a.first then
                        set[n + 1], set[n + 2], n = a.f, r, n + 2
                    end
                end
            end
            many('ZADD', base .. ':a', set)
            many('ZREM', base .. ':a', gone)
            return changed
        end
        """
}

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
            return least and format('%d', least), accepted
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
            local m, b = format('%d', a.m), format('%d', a.b)
            local one = a.one and a.s[a.one] > 0 and format('%d', a.s[a.one])
            if one and not a.lanes then
                if not a.first then return call('HSET', a.c, 'm', m, 'b', b, a.one, one) end
                return call('HSET', a.c, 'm', m, 'b', b, 'f', a.f, 'a', a.a, a.one, one)
            end
            local words, gone, n = {'m', m, 'b', b, 'f', a.f, 'a', a.a}, {}, 8
            if a.l then words[9], words[10], n = 'l', a.l, 10 end
            for sender, count in pairs(a.s) do
                if count > 0 then
                    words[n + 1], words[n + 2], n = sender, format('%d', count), n + 2
                else
                    gone[#gone + 1] = sender
                end
            end
            many('HSET', a.c, words)
            many('HDEL', a.c, gone)
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

#include "document.h"

#include <stdio.h>
#include <string.h>

/* Where the value of the member begins. A string value equal to the name is not followed by a colon. */
static const char *member(const char *document, const char *name)
{
    char quoted[64];
    size_t length = (size_t)snprintf(quoted, sizeof quoted, "\"%s\"", name);
    for (const char *at = document; (at = strstr(at, quoted)) != 0; at += length) {
        const char *after = at + length + strspn(at + length, " \t\r\n");
        if (*after == ':')
            return after + 1 + strspn(after + 1, " \t\r\n");
    }
    return 0;
}

bool document_string(const char *document, const char *name, char *value, size_t room)
{
    const char *from = member(document, name);
    if (!from || *from++ != '"')
        return false;
    size_t count = 0;
    for (; *from && *from != '"' && count + 1 < room; from++) {
        if (*from == '\\' && from[1])
            from++;
        value[count++] = *from;
    }
    value[count] = 0;
    return *from == '"';
}

void document_number(const char *document, const char *name, char *value, size_t room)
{
    const char *from = member(document, name);
    size_t count = from ? strspn(from, "-+.0123456789eE") : 0;
    if (count == 0 || count >= room) {
        snprintf(value, room, "0");
        return;
    }
    memcpy(value, from, count);
    value[count] = 0;
}

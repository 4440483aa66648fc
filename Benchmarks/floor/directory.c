#include <string.h>

#include "relay.h"

/* Open addressing over the first bytes of a SHA-256, which are uniform already. Twice the connections at most. */
enum { SLOTS = 65536 };
static struct connection *slots[SLOTS];

static uint32_t first_slot(const uint8_t *hash)
{
    uint32_t bits;
    memcpy(&bits, hash, sizeof bits);
    return bits % SLOTS;
}

struct connection *directory_find(const uint8_t hash[HASH_BYTES])
{
    for (uint32_t slot = first_slot(hash); slots[slot]; slot = (slot + 1) % SLOTS)
        if (memcmp(slots[slot]->hash, hash, HASH_BYTES) == 0)
            return slots[slot];
    return 0;
}

void directory_add(struct connection *connection)
{
    uint32_t slot = first_slot(connection->hash);
    while (slots[slot])
        slot = (slot + 1) % SLOTS;
    slots[slot] = connection;
}

void directory_remove(const struct connection *connection)
{
    uint32_t slot = first_slot(connection->hash);
    while (slots[slot] && slots[slot] != connection)
        slot = (slot + 1) % SLOTS;
    if (!slots[slot])
        return;
    slots[slot] = 0;
    /* What stood behind it in the same run is put back, so that no search stops early. */
    for (slot = (slot + 1) % SLOTS; slots[slot]; slot = (slot + 1) % SLOTS) {
        struct connection *moved = slots[slot];
        slots[slot] = 0;
        directory_add(moved);
    }
}

/* The floor: what relaying costs in C on one thread when nothing is checked. It upgrades, answers HELLO and AUTH with
 * canned documents, routes MESSAGE frames by recipient hash and hands them on as they are. No checksum, no sequence, no
 * signature, no limit but a bound on what a recipient leaves unread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

enum { READ_BYTES = 256 * 1024, CARRY_BYTES = (2 << 20), OUT_BYTES = 8 << 20, CONNECTIONS = 20000 };

struct connection {
    int socket;
    bool open, upgraded, due;
    uint8_t hash[HASH_BYTES];
    uint32_t sequence;
    uint8_t *out;
    size_t out_count, out_capacity;
    uint8_t *carry; /* the rest of a read: less than one WebSocket frame */
    size_t carry_count;
};

struct relay {
    int epoll;
    struct connection *due[CONNECTIONS], *ended[CONNECTIONS];
    unsigned due_count, ended_count;
    uint8_t read[CARRY_BYTES + READ_BYTES];
};

/* The whole frames at the beginning of what was read; returns the bytes used, SIZE_MAX to close. */
size_t relay_received(struct relay *relay, struct connection *connection, uint8_t *bytes, size_t count);

/* `count` more bytes for the recipient, to be filled by the caller; 0 where it left too much unread. */
uint8_t *connection_reserve(struct relay *relay, struct connection *connection, size_t count);

void directory_add(struct connection *connection);
void directory_remove(const struct connection *connection);
struct connection *directory_find(const uint8_t hash[HASH_BYTES]);

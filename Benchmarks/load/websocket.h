/* RFC 6455 from the client's side: the upgrade, masked frames out, unmasked frames in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_TEXT = 0x1, WS_BINARY = 0x2, WS_CLOSE = 0x8, WS_PING = 0x9, WS_PONG = 0xA };

/* A client's frame adds at most this: 2 bytes, a 64-bit length, the key. */
enum { WS_OVERHEAD = 14 };

/* Writes the upgrade request with its NUL and returns its length. `nonce` is 16 bytes. */
size_t ws_upgrade_request(char *text, size_t room, const char *path, uint16_t port, const uint8_t nonce[16]);

/* Is this response head (NUL-terminated, blank line included) the 101 that belongs to the nonce? */
bool ws_upgrade_accepted(const char *head, const uint8_t nonce[16]);

/* One final, masked frame; returns the bytes written. `to` has room for count + WS_OVERHEAD. */
size_t ws_put_frame(uint8_t *to, uint8_t opcode, const uint8_t *payload, size_t count, uint32_t key);

/* A server's stream of frames, payload handed on as it comes; control frames whole. */
struct ws_reader {
    uint64_t remaining; /* payload bytes of the current data frame not seen yet */
};

struct ws_piece {
    uint8_t opcode; /* WS_BINARY for every data frame, its continuations too */
    const uint8_t *bytes;
    size_t count;
};

/* The raw bytes used, 0 where more are needed. Fails the run on what a server may not send. */
size_t ws_next(struct ws_reader *reader, const uint8_t *raw, size_t count, struct ws_piece *piece);

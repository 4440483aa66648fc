#define _GNU_SOURCE
#include <libdeflate.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "relay.h"

static const char hello_ack[] =
    "{\"protocol_version\":\"0.1\",\"extensions\":[\"batching\",\"ack:binary\"],"
    "\"challenge\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\"server_time\":0,\"relay_id\":\"floor\"}";
static const char auth_ok[] = "{\"session_id\":\"floor\",\"config\":{\"max_frame_size\":16777216}}";

/* Header of an unmasked, final binary frame; returns its length. */
static size_t put_header(uint8_t *to, size_t count)
{
    to[0] = 0x82;
    if (count < 126) {
        to[1] = (uint8_t)count;
        return 2;
    }
    if (count < 65536) {
        to[1] = 126;
        put16(to + 2, (uint16_t)count);
        return 4;
    }
    to[1] = 127;
    put64(to + 2, count);
    return 10;
}

static size_t header_bytes(size_t count) { return count < 126 ? 2 : count < 65536 ? 4 : 10; }

static void answer(struct relay *relay, struct connection *connection, enum frame_type type, const char *json)
{
    size_t length = strlen(json), frame = length + FRAME_OVERHEAD;
    uint8_t *to = connection_reserve(relay, connection, header_bytes(frame) + frame);
    if (!to)
        return;
    to += put_header(to, frame);
    memcpy(to, "MR\x01", 3);
    to[FRAME_TYPE_AT] = (uint8_t)type;
    to[FRAME_FLAGS_AT] = 0;
    put32(to + FRAME_LENGTH_AT, (uint32_t)length);
    put32(to + 9, 0);
    put32(to + FRAME_SEQUENCE_AT, ++connection->sequence);
    memcpy(to + FRAME_HEADER, json, length);
    put32(to + FRAME_HEADER + length, libdeflate_crc32(0, to, FRAME_HEADER + length));
}

static bool read_hash(struct connection *connection, const uint8_t *hello, size_t count)
{
    static const char name[] = "\"agent_id_hash\":\"sha256:";
    const uint8_t *at = memmem(hello, count, name, sizeof name - 1);
    if (!at || (size_t)(hello + count - at) < sizeof name - 1 + 2 * HASH_BYTES)
        return false;
    at += sizeof name - 1;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        unsigned byte;
        if (sscanf((const char *)at + 2 * i, "%2x", &byte) != 1)
            return false;
        connection->hash[i] = (uint8_t)byte;
    }
    return true;
}

static bool greeted(struct relay *relay, struct connection *connection, const uint8_t *masked, size_t count,
                    const uint8_t key[4])
{
    uint8_t frame[8192];
    if (count > sizeof frame)
        return false;
    mask_copy(frame, masked, count, key);
    if (frame[FRAME_TYPE_AT] == TYPE_HELLO) {
        if (!read_hash(connection, frame, count))
            return false;
        answer(relay, connection, TYPE_HELLO_ACK, hello_ack);
    } else if (frame[FRAME_TYPE_AT] == TYPE_AUTH) {
        directory_add(connection);
        answer(relay, connection, TYPE_AUTH_OK, auth_ok);
    }
    return true;
}

/* One frame that begins `at` bytes into a masked message: to its recipient, unmasked while it is copied. */
static void pass_on(struct relay *relay, const uint8_t *masked, size_t at, size_t count, const uint8_t key[4])
{
    uint8_t hash[HASH_BYTES], turned[4];
    const size_t recipient = at + FRAME_HEADER + ROUTING_RECIPIENT_AT;
    for (unsigned i = 0; i < 4; i++)
        turned[i] = key[(recipient + i) & 3];
    mask_copy(hash, masked + recipient, HASH_BYTES, turned);
    struct connection *to = directory_find(hash);
    uint8_t *out = to ? connection_reserve(relay, to, header_bytes(count) + count) : 0;
    if (!out)
        return;
    for (unsigned i = 0; i < 4; i++)
        turned[i] = key[(at + i) & 3];
    out += put_header(out, count);
    mask_copy(out, masked + at, count, turned);
}

static uint32_t unmasked32(const uint8_t *masked, size_t at, const uint8_t key[4])
{
    return (uint32_t)(masked[at] ^ key[at & 3]) << 24 | (uint32_t)(masked[at + 1] ^ key[(at + 1) & 3]) << 16 |
           (uint32_t)(masked[at + 2] ^ key[(at + 2) & 3]) << 8 | (uint32_t)(masked[at + 3] ^ key[(at + 3) & 3]);
}

static bool message(struct relay *relay, struct connection *connection, const uint8_t *masked, size_t count,
                    const uint8_t key[4])
{
    for (size_t at = 0; at < count;) {
        if (count - at < FRAME_OVERHEAD)
            return false;
        size_t length = (size_t)unmasked32(masked, at + FRAME_LENGTH_AT, key) + FRAME_OVERHEAD;
        if (length > count - at)
            return false;
        if ((masked[at + FRAME_TYPE_AT] ^ key[(at + FRAME_TYPE_AT) & 3]) != TYPE_MESSAGE)
            return greeted(relay, connection, masked, count, key);
        if (length >= FRAME_OVERHEAD + ROUTING_HEADER)
            pass_on(relay, masked, at, length, key);
        at += length;
    }
    return true;
}

static size_t upgrade(struct relay *relay, struct connection *connection, uint8_t *bytes, size_t count)
{
    uint8_t digest[20];
    char text[128], accept[40], response[256];
    char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *end = 0;
    const char *field = strcasestr((char *)bytes, "\r\nSec-WebSocket-Key: ");
    if (!field)
        return SIZE_MAX;
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", field + 21);
    EVP_Digest(text, strlen(text), digest, 0, EVP_sha1(), 0);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    int length = snprintf(response, sizeof response,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    uint8_t *to = connection_reserve(relay, connection, (size_t)length);
    if (to)
        memcpy(to, response, (size_t)length);
    connection->upgraded = true;
    return (size_t)(end + 4 - (char *)bytes);
}

size_t relay_received(struct relay *relay, struct connection *connection, uint8_t *bytes, size_t count)
{
    size_t used = connection->upgraded ? 0 : upgrade(relay, connection, bytes, count);
    if (!connection->upgraded || used == SIZE_MAX)
        return used;
    while (count - used >= 6) {
        const uint8_t *frame = bytes + used;
        size_t header = (frame[1] & 0x7F) < 126 ? 6 : (frame[1] & 0x7F) == 126 ? 8 : 14;
        if (count - used < header)
            break;
        uint64_t length = header == 6 ? frame[1] & 0x7F : header == 8 ? get16(frame + 2) : get64(frame + 2);
        if (length > CARRY_BYTES - 14 || frame[0] != 0x82)
            return SIZE_MAX;
        if (count - used - header < length)
            break;
        if (!message(relay, connection, frame + header, (size_t)length, frame + header - 4))
            return SIZE_MAX;
        used += header + (size_t)length;
    }
    return used;
}

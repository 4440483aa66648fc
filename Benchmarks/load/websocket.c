#define _GNU_SOURCE
#include "websocket.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "identity.h"
#include "load.h"

size_t ws_upgrade_request(char *text, size_t room, const char *path, uint16_t port, const uint8_t nonce[16])
{
    char key[32];
    base64_encode(nonce, 16, key);
    return (size_t)snprintf(text, room,
                            "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                            path, port, key);
}

bool ws_upgrade_accepted(const char *head, const uint8_t nonce[16])
{
    char text[80], accept[40];
    uint8_t digest[20];
    base64_encode(nonce, 16, text);
    strcat(text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    if (EVP_Digest(text, strlen(text), digest, 0, EVP_sha1(), 0) != 1)
        fail("libcrypto has no SHA-1");
    base64_encode(digest, sizeof digest, accept);
    const char *field = strcasestr(head, "\r\nSec-WebSocket-Accept:");
    if (strncmp(head, "HTTP/1.1 101", 12) != 0 || !field)
        return false;
    field += strlen("\r\nSec-WebSocket-Accept:");
    field += strspn(field, " \t");
    return strncmp(field, accept, strlen(accept)) == 0;
}

size_t ws_put_frame(uint8_t *to, uint8_t opcode, const uint8_t *payload, size_t count, uint32_t key)
{
    size_t at = 2;
    to[0] = 0x80 | opcode;
    if (count < 126) {
        to[1] = 0x80 | (uint8_t)count;
    } else if (count < 65536) {
        to[1] = 0x80 | 126;
        put16(to + 2, (uint16_t)count);
        at = 4;
    } else {
        to[1] = 0x80 | 127;
        put64(to + 2, count);
        at = 10;
    }
    put32(to + at, key);
    mask_copy(to + at + 4, payload, count, to + at);
    return at + 4 + count;
}

static size_t header_length(const uint8_t *raw, size_t count)
{
    if (count < 2)
        return 0;
    if (raw[1] & 0x80)
        fail("the server masked a frame");
    size_t length = raw[1] < 126 ? 2 : raw[1] == 126 ? 4 : 10;
    return length <= count ? length : 0;
}

static uint64_t payload_length(const uint8_t *raw)
{
    return raw[1] < 126 ? raw[1] : raw[1] == 126 ? get16(raw + 2) : get64(raw + 2);
}

static size_t continued(struct ws_reader *reader, const uint8_t *raw, size_t count, struct ws_piece *piece)
{
    size_t take = reader->remaining < count ? (size_t)reader->remaining : count;
    *piece = (struct ws_piece){WS_BINARY, raw, take};
    reader->remaining -= take;
    return take;
}

size_t ws_next(struct ws_reader *reader, const uint8_t *raw, size_t count, struct ws_piece *piece)
{
    if (reader->remaining)
        return continued(reader, raw, count, piece);
    size_t header = header_length(raw, count);
    if (header == 0)
        return 0;
    uint8_t opcode = raw[0] & 0x0F;
    uint64_t length = payload_length(raw);
    if (raw[0] & 0x70 || opcode == WS_TEXT)
        fail("the server sent a WebSocket frame of first byte %02x", raw[0]);
    if (opcode >= WS_CLOSE) {
        if (count < header + length)
            return 0;
        *piece = (struct ws_piece){opcode, raw + header, (size_t)length};
        return header + (size_t)length;
    }
    reader->remaining = length;
    return header + continued(reader, raw + header, count - header, piece);
}

/* Bytes on the wire: big-endian integers and WebSocket masking. Shared with the floor. */
#pragma once

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void put16(uint8_t *to, uint16_t value)
{
    value = htobe16(value);
    memcpy(to, &value, sizeof value);
}

static inline void put32(uint8_t *to, uint32_t value)
{
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
}

static inline void put64(uint8_t *to, uint64_t value)
{
    value = htobe64(value);
    memcpy(to, &value, sizeof value);
}

static inline uint16_t get16(const uint8_t *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return be16toh(value);
}

static inline uint32_t get32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return be32toh(value);
}

static inline uint64_t get64(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return be64toh(value);
}

/* Masks or unmasks while copying. `key` holds the four key bytes in wire order; byte 0 of `from` meets key byte 0. */
static inline void mask_copy(uint8_t *to, const uint8_t *from, size_t count, const uint8_t key[4])
{
    typedef uint32_t lanes __attribute__((vector_size(16)));
    uint32_t word;
    memcpy(&word, key, sizeof word);
    const lanes wide = {word, word, word, word};
    size_t at = 0;
    for (; at + sizeof wide <= count; at += sizeof wide) {
        lanes block;
        memcpy(&block, from + at, sizeof block);
        block ^= wide;
        memcpy(to + at, &block, sizeof block);
    }
    for (; at < count; at++)
        to[at] = from[at] ^ key[at & 3];
}

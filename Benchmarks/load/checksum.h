/* CRC-32 of many frames that end alike. A CRC is linear, so what a tail that never changes does to the sum of the head
 * before it is four look-ups, however long the tail is. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct checksum_tail {
    uint32_t part[4][256]; /* what each byte of the head's sum becomes on its way through the tail */
    uint32_t own;
};

void checksum_tail_prepare(struct checksum_tail *tail, const uint8_t *bytes, size_t count);

/* The sum of a head whose own sum is `head`, and the tail. */
static inline uint32_t checksum_join(const struct checksum_tail *tail, uint32_t head)
{
    return tail->own ^ tail->part[0][head & 0xFF] ^ tail->part[1][head >> 8 & 0xFF] ^
           tail->part[2][head >> 16 & 0xFF] ^ tail->part[3][head >> 24];
}

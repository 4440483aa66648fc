#include "checksum.h"

#include <libdeflate.h>

void checksum_tail_prepare(struct checksum_tail *tail, const uint8_t *bytes, size_t count)
{
    tail->own = libdeflate_crc32(0, bytes, count);
    for (unsigned place = 0; place < 4; place++)
        for (uint32_t byte = 0; byte < 256; byte++)
            tail->part[place][byte] = libdeflate_crc32(byte << 8 * place, bytes, count) ^ tail->own;
}

/* Latencies in nanoseconds, in log-linear buckets: 64 a doubling, so a percentile is off by at most 1.6 %. */
#pragma once

#include <stdint.h>

enum { LATENCY_STEPS = 64, LATENCY_BUCKETS = 59 * LATENCY_STEPS };

struct latency {
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t count, max;
};

static inline void latency_record(struct latency *latency, uint64_t nanoseconds)
{
    unsigned bucket = (unsigned)nanoseconds;
    if (nanoseconds >= LATENCY_STEPS) {
        unsigned shift = 57u - (unsigned)__builtin_clzll(nanoseconds);
        bucket = shift * LATENCY_STEPS + (unsigned)(nanoseconds >> shift);
    }
    latency->buckets[bucket]++;
    latency->count++;
    if (nanoseconds > latency->max)
        latency->max = nanoseconds;
}

/* The upper edge of the bucket that holds the `share` (0 to 1) quantile; 0 where nothing was recorded. */
uint64_t latency_quantile(const struct latency *latency, double share);

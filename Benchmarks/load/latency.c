#include "latency.h"

static uint64_t upper_edge(unsigned bucket)
{
    if (bucket < 2 * LATENCY_STEPS)
        return bucket;
    unsigned shift = bucket / LATENCY_STEPS - 1;
    return ((uint64_t)(bucket - shift * LATENCY_STEPS) + 1) << shift;
}

uint64_t latency_quantile(const struct latency *latency, double share)
{
    if (latency->count == 0)
        return 0;
    uint64_t rank = (uint64_t)(share * (double)latency->count), seen = 0;
    for (unsigned bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        seen += latency->buckets[bucket];
        if (seen > rank) {
            uint64_t edge = upper_edge(bucket);
            return edge < latency->max ? edge : latency->max;
        }
    }
    return latency->max;
}

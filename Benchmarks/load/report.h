/* The measured interval as one line of JSON. */
#pragma once

#include "load.h"

struct reading {
    uint64_t time, server_cpu, own_cpu; /* nanoseconds */
    uint64_t settled, reads;
};

struct report {
    struct reading start, end;
    struct latency latency;
    double connect_seconds; /* from the first connect to the end of the last handshake */
    uint64_t resident_before, resident_connected, resident_after; /* bytes */
};

/* False where messages were lost or refused. */
bool report_print(const struct report *report, const struct load *load);

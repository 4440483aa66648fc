/* Counts the allocations of the process it is linked into, by standing before glibc's. */
#pragma once

#include <stdint.h>

/* Since the start, of all threads. */
uint64_t malloc_count(void);

/* What the measured server has used, read from outside. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* CPU nanoseconds of all threads, ended ones included: utime + stime of /proc/<pid>/stat without its 10 ms steps. */
uint64_t server_cpu(pid_t server);

/* Resident bytes (VmRSS). */
uint64_t server_resident(pid_t server);

#include "server_process.h"

#include <stdio.h>
#include <time.h>

#include "load.h"

uint64_t server_cpu(pid_t server)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(server, &clock) != 0 || clock_gettime(clock, &time) != 0)
        fail("no process %d to read the CPU time of", (int)server);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t server_resident(pid_t server)
{
    char line[256];
    unsigned long long kibibytes = 0;
    snprintf(line, sizeof line, "/proc/%d/status", (int)server);
    FILE *status = fopen(line, "r");
    if (!status)
        fail("no process %d to read the memory of", (int)server);
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %llu kB", &kibibytes) == 1)
            break;
    fclose(status);
    return kibibytes * 1024;
}

#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "load.h"
#include "report.h"
#include "server_process.h"
#include "traffic.h"

enum { OPENING_AT_ONCE = 32, EVENTS = 512 };
static const uint64_t second = 1000000000;

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        fail("out of memory");
    return memory;
}

uint64_t clock_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t unix_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return (uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u;
}

/* One turn: wait for events until `until` at most, serve them, send what they asked for. */
static void turn(struct load *load, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t next = traffic_next(load);
    until = next < until ? next : until;
    uint64_t wait = until > load->now ? until - load->now : 0;
    struct timespec time = {.tv_sec = (time_t)(wait / second), .tv_nsec = (long)(wait % second)};
    int count = epoll_pwait2(load->epoll, events, EVENTS, &time, 0);
    if (count < 0 && errno != EINTR)
        fail("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < count; i++)
        agent_event(events[i].data.ptr, events[i].events);
    load->now = clock_ns();
    traffic_flush(load);
}

static void turn_for(struct load *load, double seconds)
{
    uint64_t until = load->now + (uint64_t)(seconds * 1e9);
    while (load->now < until)
        turn(load, until);
}

static void open_agents(struct load *load)
{
    const uint32_t agents = load->options.agents;
    uint64_t until = load->now + 20 * second + agents * (second / 200);
    for (uint32_t opened = 0; load->ready < agents;) {
        while (opened < agents && opened - load->ready < OPENING_AT_ONCE)
            agent_open(load, opened++);
        turn(load, load->now + second / 10);
        if (load->now > until)
            fail("%u of %u agents connected in time", load->ready, agents);
    }
}

/* Until nothing is in flight, or nothing has moved for a while: the rest is lost. A store that syncs every message by
 * itself, and acknowledges many of them at once, can be silent for seconds. */
static void settle(struct load *load)
{
    const uint64_t patience = (load->options.at_least_once ? 10 : 2) * second;
    uint64_t moved = load->now, settled = load->counts.settled;
    while (traffic_in_flight(load) && load->now - moved < patience) {
        turn(load, load->now + second / 100);
        if (load->counts.settled != settled)
            moved = load->now;
        settled = load->counts.settled;
    }
}

static struct reading read_all(const struct load *load)
{
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    return (struct reading){.time = clock_ns(),
                            .settled = load->counts.settled,
                            .reads = load->counts.reads,
                            .server_cpu = server_cpu(load->options.server),
                            .own_cpu = (uint64_t)own.tv_sec * second + (uint64_t)own.tv_nsec};
}

static void prepare(struct load *load)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (load->options.agents + 32 > files.rlim_max)
        fail("%u agents need more than %llu file descriptors", load->options.agents,
             (unsigned long long)files.rlim_max);
    prctl(PR_SET_TIMERSLACK, 1);
    if (getrandom(&load->random, sizeof load->random, 0) != sizeof load->random)
        fail("no random bytes");
    load->random |= 1;
    snprintf(load->run, sizeof load->run, "%08x", (unsigned)(next_random(load) >> 32));
    load->dialect = load->options.target == TARGET_NATS ? &nats_dialect : &moltrelay_dialect;
    load->agents = allocate(load->options.agents, sizeof *load->agents);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->now = clock_ns();
    traffic_prepare(load);
    /* After the absent agents' names were made from it: nobody connects under one of them. */
    if (getrandom(load->seed, sizeof load->seed, 0) != sizeof load->seed)
        fail("no random bytes");
}

int main(int count, char **arguments)
{
    static struct load load;
    static struct report report;
    load.options = options_parse(count, arguments);
    alarm((unsigned)(load.options.warmup + load.options.seconds) + 120 + load.options.agents / 100);
    prepare(&load);
    report.resident_before = server_resident(load.options.server);
    const uint64_t opening = clock_ns();
    open_agents(&load);
    report.connect_seconds = (double)(clock_ns() - opening) / 1e9;
    traffic_start(&load);
    turn_for(&load, load.options.warmup);
    report.resident_connected = server_resident(load.options.server);
    memset(&load.latency, 0, sizeof load.latency);
    report.start = read_all(&load);
    turn_for(&load, load.options.seconds);
    report.end = read_all(&load);
    report.latency = load.latency;
    report.resident_after = server_resident(load.options.server);
    traffic_stop(&load);
    settle(&load);
    bool whole = report_print(&report, &load);
    for (uint32_t i = 0; i < load.options.agents; i++)
        agent_close(&load.agents[i]);
    return whole ? 0 : 1;
}

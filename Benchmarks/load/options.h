/* What one run of the generator is asked to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum target { TARGET_MOLTRELAY, TARGET_NATS, TARGET_FLOOR };
enum pattern { PATTERN_PAIRS, PATTERN_SCATTER, PATTERN_IDLE };

struct options {
    enum target target;
    enum pattern pattern;
    uint16_t port;          /* on 127.0.0.1, nowhere else */
    pid_t server;           /* whose CPU time and memory are read */
    uint32_t agents;        /* connections; pairs use two a pair */
    uint32_t addresses;     /* loopback addresses they come from */
    uint32_t window;        /* messages in flight a sender */
    uint32_t payload;       /* envelope bytes */
    uint32_t frames_each;   /* messages packed into one WebSocket message */
    uint32_t verify_every;  /* checksum and filler compared on every nth message */
    uint32_t away;          /* absent recipients; 0 = they are connected */
    double rate;            /* messages a second over all senders; 0 = as the window allows */
    double warmup, seconds;
    bool at_least_once;
};

/* Exits with 2 and the reason where the arguments make no sense. */
struct options options_parse(int count, char **arguments);

const char *target_name(enum target target);
const char *pattern_name(enum pattern pattern);

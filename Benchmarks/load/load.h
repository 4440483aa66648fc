/* The state of one run. One thread, one epoll, so that what is left of two cores belongs to the server. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checksum.h"
#include "frame.h"
#include "identity.h"
#include "latency.h"
#include "options.h"
#include "websocket.h"

enum {
    READ_BYTES = 256 * 1024,
    /* The largest message, its frame and what a dialect adds, and a read behind it. */
    INBOX_BYTES = (1 << 20) + 4096 + READ_BYTES,
    OUTBOX_BYTES = 4 << 20,
    /* Before the filler: when it was sent (8), by whom (4), its number with that sender (4). */
    ENVELOPE_HEAD = 16,
};

enum phase { PHASE_CONNECTING, PHASE_UPGRADING, PHASE_GREETING, PHASE_READY };

struct buffer {
    uint8_t *bytes;
    size_t count, capacity;
};

struct agent {
    struct load *load;
    int socket;
    uint32_t index;
    enum phase phase;
    bool due; /* in load->due: has something to send at the end of the tick */
    uint8_t hash[HASH_BYTES];
    char id[32];
    identity_key *key; /* until AUTH is sent */
    uint8_t nonce[16];
    struct ws_reader reader;
    struct buffer unsent; /* what the socket did not take */
    struct buffer carry;  /* the rest of a read: carry_plain bytes of payload, then raw bytes */
    size_t carry_plain;
    uint32_t sequence_in, sequence_out;
    uint32_t in_flight;
    uint32_t sent, expected; /* messages sent; the next number from the partner of a pair */
    struct buffer acks;      /* message ids to acknowledge at the end of the tick */
};

/* What differs between the servers. A dialect fails the run on anything it did not expect. */
struct dialect {
    const char *path;
    /* The WebSocket is open: begin the handshake. */
    void (*greet)(struct agent *agent);
    /* Bytes of the stream, no matter how the server framed them. Returns how many were whole and are used. */
    size_t (*consume)(struct agent *agent, const uint8_t *bytes, size_t count);
    /* Writes one message from its beginning, returns its length: at most payload + 512 bytes. */
    size_t (*put_message)(struct agent *from, uint32_t recipient, uint64_t stamp, uint8_t *to);
};

extern const struct dialect moltrelay_dialect, nats_dialect;

struct counts {
    uint64_t sent;
    uint64_t received;
    uint64_t settled; /* received, or acknowledged where that was asked for */
    uint64_t refused; /* NACKs */
    uint64_t reads;
};

struct load {
    struct options options;
    const struct dialect *dialect;
    struct agent *agents;
    uint8_t (*away)[HASH_BYTES];
    int epoll;
    uint64_t now; /* CLOCK_MONOTONIC nanoseconds, read once an event */
    uint64_t random;
    uint8_t seed[32]; /* of this run's agents */
    char run[9];
    uint32_t ready;
    struct agent **due;
    uint32_t due_count;
    bool open; /* senders may send */
    uint64_t pace_start, paced;
    uint32_t pace_next;
    struct counts counts;
    struct latency latency;
    uint8_t *filler, *inbox, *outbox, *plain;
    struct checksum_tail tail; /* of an envelope behind ENVELOPE_HEAD */
};

/* Says why on standard error and ends the process: a benchmark that goes on after a surprise measures the surprise. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

void *allocate(size_t count, size_t size);
uint64_t clock_ns(void);
uint64_t unix_ms(void);

/* xorshift64*: keys and recipients need to be spread, not secret. */
static inline uint64_t next_random(struct load *load)
{
    load->random ^= load->random >> 12;
    load->random ^= load->random << 25;
    load->random ^= load->random >> 27;
    return load->random * 0x2545F4914F6CDD1Dull;
}

#include "traffic.h"

#include <string.h>
#include <sys/random.h>

#include "agent.h"
#include "bytes.h"
#include "moltrelay.h"

void traffic_prepare(struct load *load)
{
    const struct options *options = &load->options;
    load->due = allocate(options->agents, sizeof *load->due);
    load->filler = allocate(options->payload, 1);
    load->inbox = allocate(INBOX_BYTES, 1);
    load->outbox = allocate(OUTBOX_BYTES, 1);
    load->plain = allocate(OUTBOX_BYTES, 1);
    for (uint32_t i = 0; i < options->payload; i++)
        load->filler[i] = (uint8_t)(next_random(load) >> 56);
    checksum_tail_prepare(&load->tail, load->filler + ENVELOPE_HEAD, options->payload - ENVELOPE_HEAD);
    if (!options->away)
        return;
    load->away = allocate(options->away, HASH_BYTES);
    if (getrandom(load->seed, sizeof load->seed, 0) != sizeof load->seed)
        fail("no random bytes");
    for (uint32_t i = 0; i < options->away; i++) {
        put32(load->seed, i);
        sha256(load->seed, sizeof load->seed, load->away[i]);
    }
}

static uint32_t sender_count(const struct load *load)
{
    const struct options *options = &load->options;
    if (options->pattern == PATTERN_IDLE)
        return 0;
    return options->pattern == PATTERN_PAIRS && !options->away ? options->agents / 2 : options->agents;
}

void traffic_start(struct load *load)
{
    load->open = true;
    load->pace_start = load->now;
    for (uint32_t i = 0; i < sender_count(load); i++)
        traffic_due(&load->agents[i]);
}

void traffic_stop(struct load *load) { load->open = false; }

void traffic_due(struct agent *agent)
{
    if (agent->due)
        return;
    agent->due = true;
    agent->load->due[agent->load->due_count++] = agent;
}

static uint32_t recipient_of(struct agent *from)
{
    struct load *load = from->load;
    const struct options *options = &load->options;
    if (options->away)
        return (uint32_t)((next_random(load) >> 32) % options->away);
    if (options->pattern == PATTERN_PAIRS)
        return from->index + options->agents / 2;
    uint32_t other = (uint32_t)((next_random(load) >> 32) % (options->agents - 1));
    return other < from->index ? other : other + 1;
}

/* One WebSocket message of up to `most` messages into the outbox; returns its bytes. */
static size_t put_group(struct agent *agent, uint32_t most, uint64_t stamp, uint8_t *to)
{
    struct load *load = agent->load;
    size_t plain = 0;
    for (uint32_t i = 0; i < most; i++) {
        plain += load->dialect->put_message(agent, recipient_of(agent), stamp, load->plain + plain);
        agent->sent++;
        agent->in_flight++;
        load->counts.sent++;
    }
    return ws_put_frame(to, WS_BINARY, load->plain, plain, (uint32_t)next_random(load));
}

static void send_messages(struct agent *agent, uint32_t count, uint64_t stamp)
{
    struct load *load = agent->load;
    const size_t largest = load->options.payload + 512;
    while (count && agent->unsent.count == 0) {
        size_t used = 0;
        while (count && used + largest + WS_OVERHEAD <= OUTBOX_BYTES) {
            uint32_t most = count < load->options.frames_each ? count : load->options.frames_each;
            uint32_t room = (uint32_t)((OUTBOX_BYTES - used - WS_OVERHEAD) / largest);
            most = most < room ? most : room;
            used += put_group(agent, most, stamp, load->outbox + used);
            count -= most;
        }
        agent_send(agent, load->outbox, used);
    }
}

static void send_window(struct agent *agent)
{
    struct load *load = agent->load;
    if (!load->open || load->options.rate > 0 || agent->index >= sender_count(load))
        return;
    if (agent->in_flight < load->options.window)
        send_messages(agent, load->options.window - agent->in_flight, clock_ns());
}

static bool has_room(const struct agent *agent)
{
    return agent->in_flight < agent->load->options.window && agent->unsent.count == 0;
}

uint64_t traffic_next(const struct load *load)
{
    if (!load->open || load->options.rate <= 0)
        return UINT64_MAX;
    return load->pace_start + (uint64_t)((double)load->paced * 1e9 / load->options.rate);
}

/* A message that had to wait for room keeps the stamp of when it was due: a stalled server shows in the latency. */
static void pace(struct load *load)
{
    uint32_t senders = sender_count(load), full = 0;
    while (full < senders && traffic_next(load) <= load->now) {
        struct agent *agent = &load->agents[load->pace_next];
        load->pace_next = (load->pace_next + 1) % senders;
        if (!has_room(agent)) {
            full++;
            continue;
        }
        full = 0;
        send_messages(agent, 1, traffic_next(load));
        load->paced++;
    }
}

void traffic_flush(struct load *load)
{
    for (uint32_t i = 0; i < load->due_count; i++) {
        struct agent *agent = load->due[i];
        agent->due = false;
        if (agent->unsent.count)
            continue;
        if (agent->acks.count)
            moltrelay_acknowledge(agent);
        send_window(agent);
    }
    load->due_count = 0;
    pace(load);
}

void traffic_put_envelope(struct agent *from, uint64_t stamp, uint8_t *to)
{
    put64(to, stamp);
    put32(to + 8, from->index);
    put32(to + 12, from->sent);
}

static void returned(struct agent *sender, uint64_t stamp)
{
    struct load *load = sender->load;
    if (sender->in_flight == 0)
        fail("agent %u: more answers than messages", sender->index);
    sender->in_flight--;
    latency_record(&load->latency, load->now > stamp ? load->now - stamp : 0);
    traffic_due(sender);
}

static void check_order(struct agent *recipient, uint32_t number)
{
    if (recipient->load->options.pattern != PATTERN_PAIRS)
        return;
    if (number != recipient->expected)
        fail("agent %u: message %u where %u was next", recipient->index, number, recipient->expected);
    recipient->expected++;
}

void traffic_received(struct agent *recipient, const uint8_t *envelope, size_t count)
{
    struct load *load = recipient->load;
    const struct options *options = &load->options;
    uint32_t sender = count == options->payload ? get32(envelope + 8) : UINT32_MAX;
    if (sender >= sender_count(load))
        fail("agent %u: an envelope nobody sent, %zu bytes", recipient->index, count);
    if (traffic_verifies(load) &&
        memcmp(envelope + ENVELOPE_HEAD, load->filler + ENVELOPE_HEAD, count - ENVELOPE_HEAD) != 0)
        fail("agent %u: an envelope arrived altered", recipient->index);
    check_order(recipient, get32(envelope + 12));
    load->counts.received++;
    if (options->at_least_once)
        return;
    load->counts.settled++;
    returned(&load->agents[sender], get64(envelope));
}

void traffic_settled(struct agent *sender, uint64_t stamp, bool refused)
{
    if (refused)
        sender->load->counts.refused++;
    else
        sender->load->counts.settled++;
    returned(sender, stamp);
}

uint64_t traffic_in_flight(const struct load *load)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < load->options.agents; i++)
        sum += load->agents[i].in_flight;
    return sum;
}

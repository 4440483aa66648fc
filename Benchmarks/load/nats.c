/* The NATS client protocol. Agent i subscribes to a.<i>; at least once is a publish into a JetStream stream, whose
 * acknowledgement comes back under _INBOX.<i>.<stamp>. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "traffic.h"

static void send_text(struct agent *agent, const char *text, int length)
{
    agent_send_message(agent, WS_BINARY, (const uint8_t *)text, (size_t)length);
}

static void greet(struct agent *agent) { (void)agent; /* the server speaks first, with INFO */ }

static int create_stream(char *text, size_t room)
{
    static const char stream[] = "{\"name\":\"BENCH\",\"subjects\":[\"q.>\"],\"retention\":\"limits\",\"storage\":\"file\","
                                 "\"discard\":\"old\",\"max_bytes\":1073741824}";
    return snprintf(text, room, "PUB $JS.API.STREAM.CREATE.BENCH _INBOX.0.0 %zu\r\n%s\r\n", sizeof stream - 1, stream);
}

static void introduce(struct agent *agent)
{
    char text[1024];
    int length = snprintf(text, sizeof text,
                          "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,\"name\":\"%s\","
                          "\"lang\":\"c\",\"version\":\"1\",\"protocol\":1,\"echo\":true,\"headers\":false}\r\n"
                          "SUB a.%u 1\r\nSUB _INBOX.%u.* 2\r\n",
                          agent->id, agent->index, agent->index);
    /* The first agent is ready when the stream is; the others when their subscriptions have been read. */
    if (agent->load->options.at_least_once && agent->index == 0)
        length += create_stream(text + length, sizeof text - (size_t)length);
    else
        length += snprintf(text + length, sizeof text - (size_t)length, "PING\r\n");
    send_text(agent, text, length);
}

static char *put_number(char *to, uint64_t number)
{
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count)
        *to++ = digits[--count];
    return to;
}

static char *put_text(char *to, const char *text, size_t count) { return (char *)memcpy(to, text, count) + count; }

static size_t put_message(struct agent *from, uint32_t recipient, uint64_t stamp, uint8_t *bytes)
{
    const struct options *options = &from->load->options;
    char *to = put_text((char *)bytes, options->away ? "PUB q." : "PUB a.", 6);
    to = put_number(to, recipient);
    if (options->at_least_once) {
        to = put_number(put_text(to, " _INBOX.", 8), from->index);
        to = put_number(put_text(to, ".", 1), stamp);
    }
    to = put_number(put_text(to, " ", 1), options->payload);
    uint8_t *envelope = (uint8_t *)put_text(to, "\r\n", 2);
    memcpy(envelope, from->load->filler, options->payload);
    traffic_put_envelope(from, stamp, envelope);
    to = put_text((char *)envelope + options->payload, "\r\n", 2);
    return (size_t)(to - (char *)bytes);
}

/* MSG <subject> <sid> <count>, from the second dot-separated token on. */
struct delivery {
    unsigned long index, sid, count;
    unsigned long long stamp;
};

static struct delivery parse_delivery(struct agent *agent, const char *line)
{
    struct delivery delivery = {0};
    bool acknowledgement = strncmp(line, "MSG _INBOX.", 11) == 0;
    char *at;
    if (!acknowledgement && strncmp(line, "MSG a.", 6) != 0)
        fail("agent %u: %.100s", agent->index, line);
    delivery.index = strtoul(line + (acknowledgement ? 11 : 6), &at, 10);
    if (acknowledgement)
        delivery.stamp = strtoull(at + 1, &at, 10);
    delivery.sid = strtoul(at, &at, 10);
    delivery.count = strtoul(at, &at, 10);
    if (*at != '\r' || delivery.index != agent->index || delivery.sid != (acknowledgement ? 2 : 1))
        fail("agent %u: a message for somebody else: %.100s", agent->index, line);
    return delivery;
}

static void received(struct agent *agent, const struct delivery *delivery, const uint8_t *payload)
{
    if (delivery->sid == 1) {
        traffic_received(agent, payload, delivery->count);
        return;
    }
    bool refused = memmem(payload, delivery->count, "\"error\"", 7) != 0;
    if (refused)
        fprintf(stderr, "load: %.*s\n", (int)delivery->count, (const char *)payload);
    if (agent->phase == PHASE_READY)
        traffic_settled(agent, delivery->stamp, refused);
    else if (refused)
        fail("no stream");
    else
        agent_is_ready(agent);
}

static void control_line(struct agent *agent, const char *line)
{
    if (strncmp(line, "INFO ", 5) == 0 && agent->phase == PHASE_GREETING)
        introduce(agent);
    else if (strncmp(line, "PONG", 4) == 0 && agent->phase == PHASE_GREETING)
        agent_is_ready(agent);
    else if (strncmp(line, "PING", 4) == 0)
        send_text(agent, "PONG\r\n", 6);
    else if (strncmp(line, "INFO ", 5) != 0)
        fail("agent %u: %.200s", agent->index, line);
}

static size_t consume(struct agent *agent, const uint8_t *bytes, size_t count)
{
    size_t used = 0;
    const uint8_t *end;
    while (used < count && (end = memchr(bytes + used, '\n', count - used)) != 0) {
        const char *line = (const char *)bytes + used;
        size_t length = (size_t)(end + 1 - (bytes + used));
        if (*line == 'M') {
            struct delivery delivery = parse_delivery(agent, line);
            if (count - used < length + delivery.count + 2)
                break;
            received(agent, &delivery, end + 1);
            length += delivery.count + 2;
        } else {
            control_line(agent, line);
        }
        used += length;
    }
    return used;
}

const struct dialect nats_dialect = {.path = "/", .greet = greet, .consume = consume, .put_message = put_message};

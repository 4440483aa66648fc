#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "traffic.h"

void buffer_append(struct buffer *buffer, const void *bytes, size_t count)
{
    if (buffer->count + count > buffer->capacity) {
        buffer->capacity = (buffer->count + count) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes)
            fail("out of memory");
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

static void watch(struct agent *agent, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = agent};
    if (epoll_ctl(agent->load->epoll, operation, agent->socket, &event) != 0)
        fail("epoll_ctl: %s", strerror(errno));
}

/* The port is left to connect(): taken at bind() it would be taken for every destination. */
static void come_from(int descriptor, in_addr_t host)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
    int on = 1;
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(descriptor, (struct sockaddr *)&own, sizeof own) != 0)
        fail("bind: %s", strerror(errno));
}

void agent_open(struct load *load, uint32_t index)
{
    struct agent *agent = &load->agents[index];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(load->options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *agent = (struct agent){.load = load, .index = index};
    snprintf(agent->id, sizeof agent->id, "bench-%s-%u", load->run, index);
    sha256(agent->id, strlen(agent->id), agent->hash);
    agent->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (agent->socket < 0)
        fail("socket %u: %s", index, strerror(errno));
    int on = 1;
    setsockopt(agent->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    come_from(agent->socket, INADDR_LOOPBACK + index % load->options.addresses);
    if (connect(agent->socket, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    watch(agent, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void connected(struct agent *agent)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(agent->socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error)
        fail("connect to port %u: %s", agent->load->options.port, strerror(error));
    char text[512];
    if (getrandom(agent->nonce, sizeof agent->nonce, 0) != sizeof agent->nonce)
        fail("no random bytes");
    size_t length = ws_upgrade_request(text, sizeof text, agent->load->dialect->path, agent->load->options.port,
                                       agent->nonce);
    agent->phase = PHASE_UPGRADING;
    watch(agent, EPOLL_CTL_MOD, EPOLLIN);
    agent_send(agent, (const uint8_t *)text, length);
}

void agent_send(struct agent *agent, const uint8_t *bytes, size_t count)
{
    ssize_t taken = 0;
    if (agent->unsent.count == 0) {
        taken = send(agent->socket, bytes, count, MSG_NOSIGNAL);
        if (taken < 0 && errno != EAGAIN)
            fail("agent %u: send: %s", agent->index, strerror(errno));
        taken = taken < 0 ? 0 : taken;
        if ((size_t)taken < count)
            watch(agent, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    if ((size_t)taken < count)
        buffer_append(&agent->unsent, bytes + taken, count - (size_t)taken);
}

static void writable(struct agent *agent)
{
    ssize_t taken = send(agent->socket, agent->unsent.bytes, agent->unsent.count, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN)
        fail("agent %u: send: %s", agent->index, strerror(errno));
    if (taken > 0) {
        agent->unsent.count -= (size_t)taken;
        memmove(agent->unsent.bytes, agent->unsent.bytes + taken, agent->unsent.count);
    }
    if (agent->unsent.count == 0) {
        watch(agent, EPOLL_CTL_MOD, EPOLLIN);
        traffic_due(agent);
    }
}

void agent_send_message(struct agent *agent, uint8_t opcode, const uint8_t *payload, size_t count)
{
    uint8_t *to = agent->load->outbox;
    agent_send(agent, to, ws_put_frame(to, opcode, payload, count, (uint32_t)next_random(agent->load)));
}

static void control_frame(struct agent *agent, const struct ws_piece *piece)
{
    if (piece->opcode == WS_PING)
        agent_send_message(agent, WS_PONG, piece->bytes, piece->count);
    if (piece->opcode != WS_CLOSE)
        return;
    unsigned code = piece->count >= 2 ? get16(piece->bytes) : 1005;
    int length = piece->count > 2 ? (int)piece->count - 2 : 0;
    fail("agent %u: closed by the server with %u %.*s", agent->index, code, length, (const char *)piece->bytes + 2);
}

/* The bytes of the response head, 0 while it is not whole. */
static size_t upgraded(struct agent *agent, uint8_t *raw, size_t count)
{
    raw[count] = 0;
    char *end = strstr((char *)raw, "\r\n\r\n");
    if (!end)
        return 0;
    char first = end[4];
    end[4] = 0;
    if (!ws_upgrade_accepted((char *)raw, agent->nonce))
        fail("no WebSocket: %.200s", (char *)raw);
    end[4] = first;
    agent->phase = PHASE_GREETING;
    agent->load->dialect->greet(agent);
    return (size_t)(end + 4 - (char *)raw);
}

/* Hands payload to the dialect; what it leaves moves to the front of the inbox, where the next piece joins it. */
static size_t pass_on(struct agent *agent, size_t plain, const struct ws_piece *piece)
{
    uint8_t *inbox = agent->load->inbox;
    const uint8_t *from = piece->bytes;
    size_t count = piece->count;
    if (plain) {
        memmove(inbox + plain, piece->bytes, piece->count);
        from = inbox;
        count += plain;
    }
    size_t used = agent->load->dialect->consume(agent, from, count);
    memmove(inbox, from + used, count - used);
    return count - used;
}

static void readable(struct agent *agent)
{
    uint8_t *inbox = agent->load->inbox;
    size_t plain = agent->carry_plain, at = plain, end = agent->carry.count;
    if (end + READ_BYTES >= INBOX_BYTES)
        fail("agent %u: a message over the largest one sent", agent->index);
    if (end)
        memcpy(inbox, agent->carry.bytes, end);
    ssize_t got = recv(agent->socket, inbox + end, READ_BYTES, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        fail("agent %u: %s", agent->index, got ? strerror(errno) : "the server closed the connection");
    if (got < 0)
        return;
    end += (size_t)got;
    agent->load->counts.reads++;
    agent->load->now = clock_ns();
    if (agent->phase == PHASE_UPGRADING)
        at += upgraded(agent, inbox, end);
    while (at < end && agent->phase >= PHASE_GREETING) {
        struct ws_piece piece;
        size_t used = ws_next(&agent->reader, inbox + at, end - at, &piece);
        if (used == 0)
            break;
        at += used;
        if (piece.opcode == WS_BINARY)
            plain = pass_on(agent, plain, &piece);
        else
            control_frame(agent, &piece);
    }
    agent->carry.count = 0;
    agent->carry_plain = plain;
    if (plain)
        buffer_append(&agent->carry, inbox, plain);
    if (at < end)
        buffer_append(&agent->carry, inbox + at, end - at);
}

void agent_event(struct agent *agent, uint32_t events)
{
    if (agent->phase == PHASE_CONNECTING) {
        connected(agent);
        return;
    }
    if (events & EPOLLOUT)
        writable(agent);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        readable(agent);
}

void agent_is_ready(struct agent *agent)
{
    agent->phase = PHASE_READY;
    agent->load->ready++;
}

void agent_close(struct agent *agent)
{
    static const uint8_t normal[2] = {1000 >> 8, 1000 & 0xFF};
    if (agent->unsent.count == 0)
        agent_send_message(agent, WS_CLOSE, normal, sizeof normal);
    close(agent->socket);
    free(agent->unsent.bytes);
    free(agent->carry.bytes);
    free(agent->acks.bytes);
}

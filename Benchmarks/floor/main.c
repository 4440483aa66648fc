#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.h"

static void watch(struct relay *relay, struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(relay->epoll, operation, connection->socket, &event);
}

static void end(struct relay *relay, struct connection *connection)
{
    if (!connection->open)
        return;
    connection->open = false;
    directory_remove(connection);
    close(connection->socket);
    relay->ended[relay->ended_count++] = connection;
}

/* At the end of the tick, when neither an event nor the flush list can name them any more. */
static void release(struct relay *relay)
{
    for (unsigned i = 0; i < relay->ended_count; i++) {
        free(relay->ended[i]->out);
        free(relay->ended[i]->carry);
        free(relay->ended[i]);
    }
    relay->ended_count = 0;
}

uint8_t *connection_reserve(struct relay *relay, struct connection *connection, size_t count)
{
    size_t needed = connection->out_count + count;
    if (needed > OUT_BYTES)
        return 0;
    if (needed > connection->out_capacity) {
        uint8_t *larger = realloc(connection->out, needed * 2);
        if (!larger)
            return 0;
        connection->out = larger;
        connection->out_capacity = needed * 2;
    }
    if (!connection->due) {
        connection->due = true;
        relay->due[relay->due_count++] = connection;
    }
    uint8_t *to = connection->out + connection->out_count;
    connection->out_count = needed;
    return to;
}

static void flush(struct relay *relay, struct connection *connection)
{
    if (!connection->open || connection->out_count == 0)
        return;
    ssize_t taken = send(connection->socket, connection->out, connection->out_count, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN) {
        end(relay, connection);
        return;
    }
    taken = taken < 0 ? 0 : taken;
    connection->out_count -= (size_t)taken;
    if (connection->out_count == 0)
        return;
    memmove(connection->out, connection->out + taken, connection->out_count);
    watch(relay, connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void receive(struct relay *relay, struct connection *connection)
{
    size_t count = connection->carry_count;
    memcpy(relay->read, connection->carry, count);
    ssize_t got = recv(connection->socket, relay->read + count, READ_BYTES, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    count += got > 0 ? (size_t)got : 0;
    size_t used = got > 0 ? relay_received(relay, connection, relay->read, count) : SIZE_MAX;
    if (used == SIZE_MAX || count - used > CARRY_BYTES) {
        end(relay, connection);
        return;
    }
    connection->carry_count = count - used;
    if (count > used) {
        connection->carry = realloc(connection->carry, count - used);
        memcpy(connection->carry, relay->read + used, count - used);
    }
}

static void accept_one(struct relay *relay, int listener)
{
    int descriptor = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (descriptor < 0)
        return;
    if (descriptor >= CONNECTIONS) {
        close(descriptor);
        return;
    }
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    connection->socket = descriptor;
    connection->open = true;
    connection->carry = malloc(1);
    watch(relay, connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void serve(struct relay *relay, struct connection *connection, uint32_t events)
{
    if (events & EPOLLOUT) {
        watch(relay, connection, EPOLL_CTL_MOD, EPOLLIN);
        flush(relay, connection);
    }
    if (connection->open && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(relay, connection);
}

/* Prints the port it listens on, on 127.0.0.1, and serves until it is ended. */
int main(void)
{
    static struct relay relay;
    struct rlimit files = {CONNECTIONS, CONNECTIONS};
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("floor");
        return 1;
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    relay.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN}, events[512];
    epoll_ctl(relay.epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(relay.epoll, events, 512, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                serve(&relay, events[i].data.ptr, events[i].events);
            else
                accept_one(&relay, listener);
        for (unsigned i = 0; i < relay.due_count; i++) {
            relay.due[i]->due = false;
            flush(&relay, relay.due[i]);
        }
        relay.due_count = 0;
        release(&relay);
    }
}

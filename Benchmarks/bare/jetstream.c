/* A publisher into a JetStream file stream that waits for the acknowledgements of a batch before the next, then takes the
   messages as a consumer and acknowledges them, each acknowledgement answered: the stream is a work queue, so that
   removes them. Prints as store-benchmark does.
   jetstream <port> <pid of the server> <rows> */
#define _GNU_SOURCE
#include "bare.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUBJECT = 96, ROOM = 1 << 20 };

static int server;
static char out[ROOM], in[ROOM];
static size_t pending, held;
/* Where each message that was taken is acknowledged. */
static char (*places)[SUBJECT];
static int taken;

static void flush(void)
{
    for (size_t at = 0; at < pending;) {
        ssize_t written = write(server, out + at, pending - at);
        if (written <= 0)
            die("the server closed the connection");
        at += (size_t)written;
    }
    pending = 0;
}

static void say(const char *bytes, size_t length)
{
    if (pending + length > ROOM)
        flush();
    memcpy(out + pending, bytes, length);
    pending += length;
}

static void publish(const char *subject, const char *reply, const char *payload, size_t length)
{
    char line[3 * SUBJECT];
    say(line, (size_t)snprintf(line, sizeof line, "PUB %s %s %zu\r\n", subject, reply, length));
    say(payload, length), say("\r\n", 2);
}

/* A message that came whole: an answer, or with a place to acknowledge it the message itself. */
static void received(const char *line, const char *payload, size_t length)
{
    char subject[SUBJECT], reply[SUBJECT];
    if (memmem(payload, length, "\"error\"", 7))
        die(payload);
    if (sscanf(line, "MSG %95s %*s %95s %*s", subject, reply) == 2 && strncmp(reply, "$JS.ACK", 7) == 0)
        strcpy(places[taken++], reply);
}

/* How many bytes the first thing at `bytes` has; 0 where it is not whole yet. */
static size_t whole(char *bytes, size_t count, int *messages)
{
    char *end = memchr(bytes, '\n', count);
    if (!end)
        return 0;
    size_t line = (size_t)(end + 1 - bytes), length;
    if (strncmp(bytes, "-ERR", 4) == 0)
        die(bytes);
    if (strncmp(bytes, "PING", 4) == 0)
        say("PONG\r\n", 6), flush();
    if (strncmp(bytes, "MSG ", 4) != 0)
        return line;
    *end = 0;
    length = strtoul(strrchr(bytes, ' '), NULL, 10);
    if (count < line + length + 2) {
        *end = '\n';
        return 0;
    }
    received(bytes, bytes + line, length);
    ++*messages;
    return line + length + 2;
}

static void wait_for(int messages)
{
    flush();
    for (int found = 0; found < messages;) {
        ssize_t count = read(server, in + held, ROOM - held - 1);
        if (count <= 0)
            die("the server closed the connection");
        held += (size_t)count, in[held] = 0;
        size_t used = 0, length;
        while ((length = whole(in + used, held - used, &found)) > 0)
            used += length;
        memmove(in, in + used, held -= used);
    }
}

static void put(const struct rows *rows, int first, int count)
{
    char subject[SUBJECT];
    for (int row = first; row < first + count; row++) {
        snprintf(subject, sizeof subject, "q.%d", row % rows->recipients);
        publish(subject, "_INBOX.p", rows->payload, PAYLOAD);
    }
    wait_for(count);
}

static void load(const struct rows *rows, int first, int count)
{
    char question[SUBJECT];
    int length = snprintf(question, sizeof question, "{\"batch\":%d,\"expires\":60000000000}", count);
    if (first == rows->first)
        taken = 0;
    publish("$JS.API.CONSUMER.MSG.NEXT.ROWS.ALL", "_INBOX.l", question, (size_t)length);
    wait_for(count);
}

static void remove_rows(const struct rows *rows, int first, int count)
{
    for (int row = first; row < first + count; row++)
        publish(places[row - rows->first], "_INBOX.r", "+ACK", 4);
    wait_for(count);
}

static void ask(const char *subject, const char *document)
{
    publish(subject, "_INBOX.a", document, strlen(document));
    wait_for(1);
}

static void connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0)
        die("no connection");
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    static const char hello[] = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB _INBOX.* 1\r\n";
    say(hello, sizeof hello - 1);
    ask("$JS.API.STREAM.CREATE.ROWS",
        "{\"name\":\"ROWS\",\"subjects\":[\"q.>\"],\"retention\":\"workqueue\",\"storage\":\"file\"}");
    ask("$JS.API.CONSUMER.DURABLE.CREATE.ROWS.ALL",
        "{\"stream_name\":\"ROWS\",\"config\":{\"durable_name\":\"ALL\",\"ack_policy\":\"explicit\","
        "\"max_ack_pending\":-1,\"ack_wait\":600000000000}}");
}

int main(int count, char **words)
{
    if (count != 4)
        die("usage: jetstream <port> <pid of the server> <rows>");
    places = calloc((size_t)atoi(words[3]), sizeof *places);
    if (!places)
        die("no memory");
    connect_to(atoi(words[1]));
    measure(&(struct subject){put, load, remove_rows}, atol(words[2]), atoi(words[3]));
}

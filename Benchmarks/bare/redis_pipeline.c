#include "redis_pipeline.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 4096 };

static redisContext *server;
static int owed;

/* One command as it is put together; its words are copied when it is sent. */
static struct {
    const char *words[WORDS];
    size_t lengths[WORDS];
    int count;
    char room[WORDS * 64];
    size_t used;
} command;

void word(const char *bytes, size_t length)
{
    command.words[command.count] = bytes;
    command.lengths[command.count++] = length;
}

void text(const char *bytes) { word(bytes, strlen(bytes)); }

char *kept(size_t length)
{
    char *bytes = command.room + command.used;
    command.used += length;
    word(bytes, length);
    return bytes;
}

void number(long long value)
{
    char *bytes = command.room + command.used;
    size_t length = (size_t)sprintf(bytes, "%lld", value);
    command.used += length;
    word(bytes, length);
}

void key_of(const char *prefix, int row, const struct rows *rows)
{
    size_t length = strlen(prefix);
    char *bytes = kept(length + AGENT);
    memcpy(bytes, prefix, length);
    put_recipient(bytes + length, row, rows);
}

void field_of(int row, const struct rows *rows) { put_key(kept(KEY), row, rows); }

void member_of(int row, const struct rows *rows)
{
    char *bytes = kept(AGENT + KEY);
    put_recipient(bytes, row, rows);
    put_key(bytes + AGENT, row, rows);
}

void id_of(int row)
{
    char *bytes = command.room + command.used;
    size_t length = (size_t)sprintf(bytes, "%lld-0", NOW * 1000 + row);
    command.used += length;
    word(bytes, length);
}

void send_command(void)
{
    if (command.count == 0)
        return;
    if (redisAppendCommandArgv(server, command.count, command.words, command.lengths) != REDIS_OK)
        die("no memory");
    command.count = 0, command.used = 0, owed++;
}

static void take_answer(void)
{
    redisReply *reply;
    if (redisGetReply(server, (void **)&reply) != REDIS_OK)
        die(server->errstr);
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "BUSYGROUP", 9) != 0)
        die(reply->str);
    freeReplyObject(reply);
    owed--;
}

void take_answers(void)
{
    while (owed > 0)
        take_answer();
}

void add(int row, const struct rows *rows)
{
    text("XADD"), key_of(BASE ":q2:", row, rows), id_of(row);
    text("a"), number(NOW), text("e"), number(EXPIRY), text("f"), text("1"), text("c"), text("1234567890");
    text("m"), word(rows->payload, PAYLOAD), send_command();
}

void connect_to(int port)
{
    server = redisConnect("127.0.0.1", port);
    if (!server || server->err)
        die("no connection");
}

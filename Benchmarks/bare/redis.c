/* A client that knows no limit, no duplicate and no other writer, and writes what the relay's store writes of a message
   of 352 bytes: all commands of a batch in one pipeline. Prints as store-benchmark does.
   redis <port> <pid of the server> writes|streams [recipients] */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAYLOAD = 352, KEY = 48, HASH = 32, WORD = 96 };

static redisContext *server;
static int only_streams, recipients = 1000;
static long pid;
static char payload[PAYLOAD];

static void die(const char *what) {
    fprintf(stderr, "bare redis: %s\n", what);
    exit(1);
}

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Its main thread alone does the work of commands and of fsync always; that of everysec is another thread's. */
static double server_seconds(void) {
    char command[WORD], line[64];
    snprintf(command, sizeof command, "cat /proc/%ld/task/[0-9]*/schedstat", pid);
    FILE *threads = popen(command, "r");
    double sum = 0;
    if (!threads) die("no /proc");
    while (fgets(line, sizeof line, threads)) sum += strtod(line, NULL) / 1e9;
    pclose(threads);
    return sum;
}

/* Bytes that look like a hash, the same for the same number. */
static void fill(char *bytes, size_t count, unsigned long long number) {
    for (size_t at = 0; at < count; at += 8) {
        number = (number ^ number >> 29) * 0xBF58476D1CE4E5B9ULL + at + 1;
        memcpy(bytes + at, &number, 8);
    }
}

static int append(const char **words, const size_t *lengths, int count) {
    if (redisAppendCommandArgv(server, count, words, lengths) != REDIS_OK) die("no memory");
    return 1;
}

static int put_or_remove(int row, int remove) {
    char stream[WORD] = "bare:q2:", keys[WORD] = "bare:k:", key[KEY], id[32], place[48];
    size_t in_stream = strlen(stream) + HASH, in_keys = strlen(keys) + HASH;
    unsigned long long recipient = (unsigned long long)(row % recipients) + 1;
    fill(stream + strlen(stream), HASH, recipient);
    fill(keys + strlen(keys), HASH, recipient);
    fill(key, KEY, (unsigned long long)row + 1000000);
    size_t id_length = (size_t)snprintf(id, sizeof id, "%d-0", row + 1);
    size_t place_length = (size_t)snprintf(place, sizeof place, "%d 2 %d 0", row + 1, PAYLOAD);
    const char *now = "1767225600000", *then = "1767229200000";
    if (remove) {
        int sent = append((const char *[]){"XDEL", stream, id}, (size_t[]){4, in_stream, id_length}, 3);
        if (only_streams) return sent;
        sent += append((const char *[]){"HDEL", keys, key}, (size_t[]){4, in_keys, KEY}, 3);
        return sent + append((const char *[]){"ZREM", "bare:e", key}, (size_t[]){4, 6, KEY}, 3);
    }
    const char *add[] = {"XADD", stream, id, "a", now, "e", then, "f", "1", "c", "1234567890", "m", payload};
    int sent = append(add, (size_t[]){4, in_stream, id_length, 1, 13, 1, 13, 1, 1, 1, 10, 1, PAYLOAD}, 13);
    if (only_streams) return sent;
    sent += append((const char *[]){"HSET", keys, key, place}, (size_t[]){4, in_keys, KEY, place_length}, 4);
    return sent + append((const char *[]){"ZADD", "bare:e", then, key}, (size_t[]){4, 6, 13, KEY}, 4);
}

static void run(const char *name, int first, int rows, int batch, int remove) {
    double wall = seconds(CLOCK_MONOTONIC), own = seconds(CLOCK_PROCESS_CPUTIME_ID), theirs = server_seconds();
    for (int start = 0; start < rows; start += batch) {
        int owed = 0;
        for (int row = start; row < start + batch && row < rows; row++) owed += put_or_remove(first + row, remove);
        for (; owed > 0; owed--) {
            redisReply *reply;
            if (redisGetReply(server, (void **)&reply) != REDIS_OK) die(server->errstr);
            if (reply->type == REDIS_REPLY_ERROR) die(reply->str);
            freeReplyObject(reply);
        }
    }
    wall = seconds(CLOCK_MONOTONIC) - wall, own = seconds(CLOCK_PROCESS_CPUTIME_ID) - own;
    theirs = server_seconds() - theirs;
    printf("%s %.0f rows/s, %.2f + %.2f of the server us CPU a row", name, rows / wall, own * 1e6 / rows, theirs * 1e6 / rows);
}

int main(int count, char **words) {
    static const int batches[][2] = {{1, 2000}, {10, 20000}, {100, 50000}, {1000, 50000}};
    if (count < 4) die("usage: redis <port> <pid of the server> writes|streams [recipients]");
    server = redisConnect("127.0.0.1", atoi(words[1]));
    if (!server || server->err) die("no connection");
    pid = atol(words[2]), only_streams = !strcmp(words[3], "streams");
    if (count > 4) recipients = atoi(words[4]);
    fill(payload, PAYLOAD, 7);
    printf("%d recipients\n", recipients);
    for (int each = 0, first = 0; each < 4; first += batches[each][1], each++) {
        printf("batches of %d:", batches[each][0]);
        run(" put", first, batches[each][1], batches[each][0], 0);
        run("; remove", first, batches[each][1], batches[each][0], 1);
        printf("\n");
    }
    redisFree(server);
}

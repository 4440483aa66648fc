#include "bare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void die(const char *what)
{
    fprintf(stderr, "bare client: %s\n", what);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Of its threads, of processes it started and of those of them that have ended: PostgreSQL works in many. */
static double server_seconds(long server)
{
    char command[512], line[1024];
    snprintf(command, sizeof command,
             "cut -d' ' -f16,17 /proc/%ld/stat; for each in %ld $(cat /proc/%ld/task/*/children); do "
             "cat /proc/$each/task/[0-9]*/schedstat; done 2>/dev/null",
             server, server, server);
    FILE *told = popen(command, "r");
    double sum = 0;
    if (!told || !fgets(line, sizeof line, told))
        die("no /proc");
    char *after;
    sum = strtod(line, &after);
    sum = (sum + strtod(after, NULL)) / (double)sysconf(_SC_CLK_TCK);
    while (fgets(line, sizeof line, told))
        sum += strtod(line, NULL) / 1e9;
    pclose(told);
    return sum;
}

/* Bytes that look like a hash, the same for the same number. */
static void fill(char *bytes, size_t count, unsigned long long number)
{
    for (size_t at = 0; at < count; at += 8) {
        number = (number ^ number >> 29) * 0xBF58476D1CE4E5B9ULL + at + 1;
        memcpy(bytes + at, &number, 8);
    }
}

void put_recipient(char *bytes, int row, const struct rows *rows)
{
    fill(bytes, AGENT, (unsigned long long)(row % rows->recipients) + 1);
}

void put_key(char *bytes, int row, const struct rows *rows)
{
    fill(bytes, AGENT, (unsigned long long)(row % rows->recipients % 97) + 2000000);
    fill(bytes + AGENT, ID, (unsigned long long)row + 10000000);
}

int rows_until(int row, const struct rows *rows) { return (row - rows->first) / rows->recipients + 1; }

int rows_after(int row, const struct rows *rows) { return (rows->first + rows->count - 1 - row) / rows->recipients; }

static void run(const char *name, void (*step)(const struct rows *, int, int), const struct rows *rows, int batch,
                long server)
{
    int first = rows->first, count = rows->count;
    double wall = seconds(CLOCK_MONOTONIC), own = seconds(CLOCK_PROCESS_CPUTIME_ID), theirs = server_seconds(server);
    for (int start = 0; start < count; start += batch)
        step(rows, first + start, count - start < batch ? count - start : batch);
    wall = seconds(CLOCK_MONOTONIC) - wall, own = seconds(CLOCK_PROCESS_CPUTIME_ID) - own;
    theirs = server_seconds(server) - theirs;
    printf("%s %.0f rows/s, %.2f + %.2f of the server us CPU a row", name, count / wall, own * 1e6 / count,
           theirs * 1e6 / count);
}

void measure(const struct subject *subject, long server, int most)
{
    static struct rows rows = {.recipients = 1000};
    const int plan[][2] = {{1, most / 25}, {10, most / 5 * 2}, {100, most}, {1000, most}};
    fill(rows.payload, PAYLOAD, 7);
    for (int each = 0; each < 4; each++) {
        int batch = plan[each][0];
        rows.count = plan[each][1];
        printf("batches of %d:", batch);
        run(" put", subject->put, &rows, batch, server);
        if (subject->load)
            run("; load", subject->load, &rows, batch, server);
        run("; remove", subject->remove, &rows, batch, server);
        printf("\n");
        fflush(stdout);
        rows.first += (rows.count / rows.recipients + 1) * rows.recipients;
    }
}

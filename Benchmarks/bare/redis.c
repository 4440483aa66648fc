/* A client that knows no limit, no duplicate and no other writer, and changes in Redis what the relay's store changes:
   the same keys, entries and counts (docs/redis.md), one pipeline a batch. Prints as store-benchmark does.
   redis <port> <pid of the server> <rows> */
#include "redis_pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From so many rows on a transaction is cheaper than a pipeline alone, which the server reads, and syncs, in pieces. */
enum { WORD = 96, TRANSACTION = 50 };
#define RELAY "5a5a5a5a5a"

static void begin(int count)
{
    if (count >= TRANSACTION)
        text("MULTI"), send_command();
}

static void end(int count)
{
    if (count >= TRANSACTION)
        text("EXEC"), send_command();
    take_answers();
}

static void put_place(int row, const struct rows *rows)
{
    char place[WORD];
    int length = snprintf(place, sizeof place, "%lld 2 %d 0 " RELAY, NOW * 1000 + row, PAYLOAD);
    text("HSET"), key_of(BASE ":k:", row, rows), field_of(row, rows), word(place, (size_t)length), send_command();
}

/* A recipient's counts; the first message and its lane only where those change. */
static void set_counts(int row, const struct rows *rows, int messages, int oldest, int is_first)
{
    char sender[KEY];
    put_key(sender, row, rows);
    text("HSET"), key_of(BASE ":c:", row, rows), text("m"), number(messages), text("b");
    number((long long)messages * PAYLOAD);
    if (oldest >= 0)
        text("f"), number(NOW * 1000 + oldest), text("a"), number(NOW);
    if (is_first)
        text("l"), text("2");
    memcpy(kept(AGENT), sender, AGENT), number(messages), send_command();
}

static void set_totals(long long messages, int change)
{
    text("HSET"), text(BASE ":t"), text("m"), number(messages), text("b"), number(messages * PAYLOAD);
    text("x"), text("0"), text("s"), number(NOW * 1000), text("v"), text("1"), send_command();
    static const char *const fields[] = {"m", "b", "p"};
    for (int each = 0; each < (change > 0 ? 3 : 2); each++) {
        text("HINCRBY"), text(BASE ":i:" RELAY), text(fields[each]);
        number((long long)change * (each == 1 ? PAYLOAD : 1)), send_command();
    }
}

/* Those of a batch that are the last of their recipients. */
static int last_of_each(int first, int count, const struct rows *rows)
{
    return count > rows->recipients ? first + count - rows->recipients : first;
}

static void put(const struct rows *rows, int first, int count)
{
    int end_row = first + count;
    begin(count);
    for (int row = first; row < end_row; row++)
        add(row, rows), put_place(row, rows);
    text("ZADD"), text(BASE ":e");
    for (int row = first; row < end_row; row++)
        number(EXPIRY), member_of(row, rows);
    send_command();
    for (int row = last_of_each(first, count, rows); row < end_row; row++)
        set_counts(row, rows, rows_until(row, rows), rows_until(row, rows) == 1 ? row : -1, rows_until(row, rows) == 1);
    int is_new = 0;
    for (int row = first; row < end_row; row++) {
        if (row - rows->first >= rows->recipients)
            continue;
        if (!is_new++)
            text("ZADD"), text(BASE ":a");
        number(NOW * 1000 + row), key_of("", row, rows);
    }
    send_command();
    set_totals(end_row - rows->first, count);
    end(count);
}

static void forget_recipient(int row, const struct rows *rows)
{
    text("DEL"), key_of(BASE ":c:", row, rows), key_of(BASE ":k:", row, rows), key_of(BASE ":q2:", row, rows);
    send_command();
}

static void remove_rows(const struct rows *rows, int first, int count)
{
    int end_row = first + count, last = last_of_each(first, count, rows), sorted = 0;
    begin(count);
    for (int row = first; row < end_row; row++) {
        text("XDEL"), key_of(BASE ":q2:", row, rows), id_of(row), send_command();
        text("HDEL"), key_of(BASE ":k:", row, rows), field_of(row, rows), send_command();
    }
    text("ZREM"), text(BASE ":e");
    for (int row = first; row < end_row; row++)
        member_of(row, rows);
    send_command();
    for (int row = last; row < end_row; row++) {
        if (rows_after(row, rows) == 0)
            forget_recipient(row, rows);
        else
            set_counts(row, rows, rows_after(row, rows), row + rows->recipients, 0);
    }
    for (int gone = 0; gone < 2; gone++, sorted = 0, send_command()) {
        for (int row = last; row < end_row; row++) {
            if ((rows_after(row, rows) == 0) != gone)
                continue;
            if (!sorted++)
                text(gone ? "ZREM" : "ZADD"), text(BASE ":a");
            if (!gone)
                number(NOW * 1000 + row + rows->recipients);
            key_of("", row, rows);
        }
    }
    set_totals(rows->first + rows->count - end_row, -count);
    end(count);
}

int main(int count, char **words)
{
    if (count != 4)
        die("usage: redis <port> <pid of the server> <rows>");
    connect_to(atoi(words[1]));
    measure(&(struct subject){put, NULL, remove_rows}, atol(words[2]), atoi(words[3]));
}

/* Redis' own way to queue, a stream and a consumer group for each recipient: XADD, XREADGROUP, XACK with XDEL, in
   pipelines of a batch. Prints as store-benchmark does.
   streams <port> <pid of the server> <rows> */
#include "redis_pipeline.h"

#include <stdlib.h>

static void put(const struct rows *rows, int first, int count)
{
    for (int row = first; row < first + count; row++)
        add(row, rows);
    take_answers();
}

/* A recipient takes all it has, by a group that is made the first time. */
static void load(const struct rows *rows, int first, int count)
{
    for (int row = first; row < first + count && row < rows->first + rows->recipients; row++) {
        text("XGROUP"), text("CREATE"), key_of(BASE ":q2:", row, rows), text("g"), text("0"), send_command();
        text("XREADGROUP"), text("GROUP"), text("g"), text("c"), text("COUNT"), number(rows->count);
        text("STREAMS"), key_of(BASE ":q2:", row, rows), text(">"), send_command();
    }
    take_answers();
}

static void remove_rows(const struct rows *rows, int first, int count)
{
    for (int row = first; row < first + count; row++) {
        text("XACK"), key_of(BASE ":q2:", row, rows), text("g"), id_of(row), send_command();
        text("XDEL"), key_of(BASE ":q2:", row, rows), id_of(row), send_command();
    }
    take_answers();
}

int main(int count, char **words)
{
    if (count != 4)
        die("usage: streams <port> <pid of the server> <rows>");
    connect_to(atoi(words[1]));
    measure(&(struct subject){put, load, remove_rows}, atol(words[2]), atoi(words[3]));
}

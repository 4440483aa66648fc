/* A client that knows no limit, no duplicate and no other writer, and changes in PostgreSQL what the relay's store
   changes: the same tables (made by the store before) with the same rows and counts, one array statement for a kind of
   row, all of a transaction in one pipeline. Prints as store-benchmark does.
   postgres <port> <pid of the server> <rows> */
#include "bare.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOOL = 16, BYTEA = 17, INT8 = 20, INT2 = 21, COLUMNS = 13 };

static PGconn *server;
static int owed;

/* The arrays of one statement, in binary form. */
static struct {
    char *bytes, *values[COLUMNS], *count;
    int lengths[COLUMNS], columns, elements;
    size_t used, room;
} call;

static char *more(size_t length)
{
    if (call.used + length > call.room)
        die("a batch is larger than its room");
    call.used += length;
    return call.bytes + call.used - length;
}

static char *put_32(char *to, uint32_t value)
{
    value = htobe32(value);
    return (char *)memcpy(to, &value, 4) + 4;
}

static void begin_array(uint32_t type)
{
    char *to = more(20);
    call.values[call.columns] = to;
    to = put_32(put_32(put_32(to, 1), 0), type);
    call.count = to, call.elements = 0;
    put_32(put_32(to, 0), 1);
}

static char *element(size_t length)
{
    call.elements++;
    return put_32(more(4 + length), (uint32_t)length);
}

static void end_array(void)
{
    put_32(call.count, (uint32_t)call.elements);
    call.lengths[call.columns] = (int)(call.bytes + call.used - call.values[call.columns]);
    call.columns++;
}

static void put_int8(char *to, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    memcpy(to, &big, 8);
}

static void int8_value(int64_t value)
{
    call.values[call.columns] = more(8);
    put_int8(call.values[call.columns], value);
    call.lengths[call.columns++] = 8;
}

static void send_call(const char *name)
{
    static const int binary[COLUMNS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    if (!PQsendQueryPrepared(server, name, call.columns, (const char *const *)call.values, call.lengths, binary, 1))
        die(PQerrorMessage(server));
    call.used = 0, call.columns = 0, owed++;
}

static void take_answers(void)
{
    if (!PQpipelineSync(server) || PQflush(server) < 0)
        die(PQerrorMessage(server));
    for (owed++; owed > 0; owed--) {
        PGresult *result = PQgetResult(server);
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC)
            die(PQerrorMessage(server));
        PQclear(result);
        if (status != PGRES_PIPELINE_SYNC && PQgetResult(server))
            die("an answer too many");
    }
}

static const char *const statements[][2] = {
    {"begin", "BEGIN"},
    {"commit", "COMMIT"},
    {"insert", "INSERT INTO queue(sequence, recipient, sender, id, lane, flags, exactly_once, size, accepted_at, "
               "expires_at, checksum, payload, relay) SELECT *, $13::int8 FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::bytea[], "
               "$5::int2[], $6::int2[], $7::bool[], $8::int8[], $9::int8[], $10::int8[], $11::int8[], $12::bytea[])"},
    {"delete", "DELETE FROM queue WHERE sequence = ANY($1::int8[])"},
    {"recipients", "INSERT INTO recipients SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int8[]) "
                   "ON CONFLICT (recipient) DO UPDATE SET messages = excluded.messages, bytes = excluded.bytes"},
    {"senders", "INSERT INTO senders SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int8[]) "
                "ON CONFLICT (recipient, sender) DO UPDATE SET messages = excluded.messages"},
    {"no_recipients", "DELETE FROM recipients WHERE recipient = ANY($1::bytea[])"},
    {"no_senders", "DELETE FROM senders s USING unnest($1::bytea[], $2::bytea[]) AS k(recipient, sender) "
                   "WHERE s.recipient = k.recipient AND s.sender = k.sender"},
    {"shares", "UPDATE relays SET queued = $1::int8, messages = $1::int8, bytes = $2::int8, put = $3::int8 WHERE relay = 1"},
    {"totals", "UPDATE totals SET messages = $1::int8, bytes = $2::int8, last_sequence = $3::int8"},
};

static int64_t sequence_of(int row) { return NOW * 1000 + row; }

static void recipients_of(int first, int last, const struct rows *rows)
{
    begin_array(BYTEA);
    for (int row = first; row < last; row++)
        put_recipient(element(AGENT), row, rows);
    end_array();
}

/* Senders, or ids, which lie behind them in a key. */
static void parts_of_keys(size_t start, size_t length, int first, int last, const struct rows *rows)
{
    begin_array(BYTEA);
    for (int row = first; row < last; row++) {
        char key[KEY];
        put_key(key, row, rows);
        memcpy(element(length), key + start, length);
    }
    end_array();
}

static void int8s(int64_t (*value)(int, const struct rows *), int first, int last, const struct rows *rows)
{
    begin_array(INT8);
    for (int row = first; row < last; row++)
        put_int8(element(8), value(row, rows));
    end_array();
}

static void constants(uint32_t type, size_t length, const char *bytes, int count)
{
    begin_array(type);
    while (count-- > 0)
        memcpy(element(length), bytes, length);
    end_array();
}

static void int8_constants(int64_t value, int count)
{
    char bytes[8];
    put_int8(bytes, value);
    constants(INT8, sizeof bytes, bytes, count);
}

static int64_t sequence(int row, const struct rows *rows) { return (void)rows, sequence_of(row); }
static int64_t queued(int row, const struct rows *rows) { return rows_until(row, rows); }
static int64_t queued_bytes(int row, const struct rows *rows) { return rows_until(row, rows) * PAYLOAD; }
static int64_t left(int row, const struct rows *rows) { return rows_after(row, rows); }
static int64_t left_bytes(int row, const struct rows *rows) { return rows_after(row, rows) * PAYLOAD; }

static void insert(int first, int last, const struct rows *rows)
{
    int count = last - first;
    int8s(sequence, first, last, rows);
    recipients_of(first, last, rows);
    parts_of_keys(0, AGENT, first, last, rows);
    parts_of_keys(AGENT, ID, first, last, rows);
    constants(INT2, 2, "\0\2", count);
    constants(INT2, 2, "\0\1", count);
    constants(BOOL, 1, "\0", count);
    int8_constants(PAYLOAD, count);
    int8_constants(NOW, count);
    int8_constants(EXPIRY, count);
    int8_constants(1234567890, count);
    constants(BYTEA, PAYLOAD, rows->payload, count);
    int8_value(1);
    send_call("insert");
}

typedef int64_t (*counter)(int, const struct rows *);

static void set_counts(int first, int last, counter messages, counter bytes, const struct rows *rows)
{
    recipients_of(first, last, rows), int8s(messages, first, last, rows), int8s(bytes, first, last, rows);
    send_call("recipients");
    recipients_of(first, last, rows), parts_of_keys(0, AGENT, first, last, rows), int8s(messages, first, last, rows);
    send_call("senders");
}

static void drop_counts(int first, int last, const struct rows *rows)
{
    recipients_of(first, last, rows), send_call("no_recipients");
    recipients_of(first, last, rows), parts_of_keys(0, AGENT, first, last, rows), send_call("no_senders");
}

static void end_transaction(int messages, int row)
{
    int8_value(messages), int8_value((int64_t)messages * PAYLOAD), int8_value(row), send_call("shares");
    int8_value(messages), int8_value((int64_t)messages * PAYLOAD), int8_value(sequence_of(row)), send_call("totals");
    send_call("commit");
    take_answers();
}

/* Where a batch begins that holds no recipient twice. */
static int last_of_each(int first, int count, const struct rows *rows)
{
    return count > rows->recipients ? first + count - rows->recipients : first;
}

static void put(const struct rows *rows, int first, int count)
{
    send_call("begin");
    insert(first, first + count, rows);
    set_counts(last_of_each(first, count, rows), first + count, queued, queued_bytes, rows);
    end_transaction(first + count - rows->first, first + count);
}

static void remove_rows(const struct rows *rows, int first, int count)
{
    int last = first + count, each = last_of_each(first, count, rows);
    int gone = rows->first + rows->count - rows->recipients;
    gone = gone < each ? each : gone > last ? last : gone;
    send_call("begin");
    int8s(sequence, first, last, rows), send_call("delete");
    if (each < gone)
        set_counts(each, gone, left, left_bytes, rows);
    if (gone < last)
        drop_counts(gone, last, rows);
    end_transaction(rows->first + rows->count - last, rows->first + rows->count);
}

static void prepare(void)
{
    static const char session[] = "SET search_path = moltrelay; SET plan_cache_mode = force_generic_plan; SET jit = off;"
                                  "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
                                  "INSERT INTO relays(relay, holder) VALUES (1, 1) ON CONFLICT DO NOTHING";
    PQclear(PQexec(server, session));
    for (size_t each = 0; each < sizeof statements / sizeof *statements; each++) {
        PGresult *result = PQprepare(server, statements[each][0], statements[each][1], 0, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            die(PQerrorMessage(server));
        PQclear(result);
    }
    if (!PQenterPipelineMode(server))
        die("no pipeline");
}

int main(int count, char **words)
{
    char target[128];
    if (count != 4)
        die("usage: postgres <port> <pid of the server> <rows>");
    snprintf(target, sizeof target, "host=127.0.0.1 port=%s user=postgres dbname=postgres sslmode=disable", words[1]);
    server = PQconnectdb(target);
    if (PQstatus(server) != CONNECTION_OK)
        die(PQerrorMessage(server));
    call.room = 1 << 22;
    call.bytes = malloc(call.room);
    if (!call.bytes)
        die("no memory");
    prepare();
    measure(&(struct subject){put, NULL, remove_rows}, atol(words[2]), atoi(words[3]));
}

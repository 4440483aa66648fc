/* What the bare clients share: the rows that store-benchmark puts, and its way to count and to print. */
#ifndef BARE_H
#define BARE_H
#include <stddef.h>

enum { PAYLOAD = 352, AGENT = 32, ID = 16, KEY = AGENT + ID };
#define NOW 1767225600000LL
#define EXPIRY (NOW + 3600000LL)

/* Row n goes to recipient n % recipients, from one sender each. `count` rows from `first` on, a multiple of `recipients`,
 * are put, and then removed, before the next. */
struct rows {
    int recipients, first, count;
    char payload[PAYLOAD];
};

struct subject {
    void (*put)(const struct rows *, int first, int count);
    void (*load)(const struct rows *, int first, int count); /* NULL: is not part of it */
    void (*remove)(const struct rows *, int first, int count);
};

_Noreturn void die(const char *what);
void put_recipient(char *bytes, int row, const struct rows *rows);
/* Sender and id. */
void put_key(char *bytes, int row, const struct rows *rows);
/* How many rows up to and with this one are its recipient's; how many of its come after it. */
int rows_until(int row, const struct rows *rows);
int rows_after(int row, const struct rows *rows);

/* Puts, loads and removes batch after batch, and prints what it cost this process and the server with its children. */
void measure(const struct subject *subject, long server, int most);
#endif

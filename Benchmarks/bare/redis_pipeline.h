/* Commands put together word by word, sent in pipelines. */
#ifndef REDIS_PIPELINE_H
#define REDIS_PIPELINE_H
#include "bare.h"

#define BASE "moltrelay:{0}"

void connect_to(int port);
/* A word that stays where it is until the command is sent; one that is kept with the command and written by the caller. */
void word(const char *bytes, size_t length);
char *kept(size_t length);
void text(const char *bytes);
void number(long long value);
/* The prefix with the row's recipient behind it. */
void key_of(const char *prefix, int row, const struct rows *rows);
void field_of(int row, const struct rows *rows);
void member_of(int row, const struct rows *rows);
void id_of(int row);
/* Nothing where no word was given. */
void send_command(void);
void take_answers(void);
/* The whole command that puts a row into its recipient's stream. */
void add(int row, const struct rows *rows);
#endif

/* Just enough JSON to read members of the documents a relay sends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies the string member `name` of a NUL-terminated document, escapes of one character undone. */
bool document_string(const char *document, const char *name, char *value, size_t room);

/* The number member `name` as it is written, or "0". */
void document_number(const char *document, const char *name, char *value, size_t room);

/* Agents' names and keys. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

typedef struct evp_pkey_st identity_key;

void sha256(const void *bytes, size_t count, uint8_t digest[HASH_BYTES]);

/* An Ed25519 key derived from the run's seed and the agent's index. */
identity_key *identity_derive(const uint8_t seed[32], uint32_t index);
void identity_free(identity_key *key);
void identity_public(const identity_key *key, uint8_t bytes[32]);
void identity_sign(identity_key *key, const uint8_t *bytes, size_t count, uint8_t signature[64]);

/* Text of `count` bytes with its NUL: 4 characters for 3 bytes, or two hex digits a byte. */
void base64_encode(const uint8_t *bytes, size_t count, char *text);
/* The bytes written, or 0 where the text is no base64 or would give more than `room`. */
size_t base64_decode(const char *text, uint8_t *bytes, size_t room);
void hex_encode(const uint8_t *bytes, size_t count, char *text);

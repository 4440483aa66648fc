#include "identity.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "load.h"

void sha256(const void *bytes, size_t count, uint8_t digest[HASH_BYTES])
{
    if (EVP_Digest(bytes, count, digest, 0, EVP_sha256(), 0) != 1)
        fail("libcrypto has no SHA-256");
}

identity_key *identity_derive(const uint8_t seed[32], uint32_t index)
{
    uint8_t material[36], secret[32];
    memcpy(material, seed, 32);
    put32(material + 32, index);
    sha256(material, sizeof material, secret);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, 0, secret, sizeof secret);
    if (!key)
        fail("libcrypto has no Ed25519");
    return key;
}

void identity_free(identity_key *key) { EVP_PKEY_free(key); }

void identity_public(const identity_key *key, uint8_t bytes[32])
{
    size_t count = 32;
    if (EVP_PKEY_get_raw_public_key(key, bytes, &count) != 1)
        fail("no public key");
}

void identity_sign(identity_key *key, const uint8_t *bytes, size_t count, uint8_t signature[64])
{
    size_t room = 64;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(context, 0, 0, 0, key) != 1 || EVP_DigestSign(context, signature, &room, bytes, count) != 1)
        fail("Ed25519 did not sign");
    EVP_MD_CTX_free(context);
}

void base64_encode(const uint8_t *bytes, size_t count, char *text)
{
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)count);
}

size_t base64_decode(const char *text, uint8_t *bytes, size_t room)
{
    size_t length = strlen(text), padding = 0;
    if (length < 4 || length % 4 != 0 || length / 4 * 3 > room + 2)
        return 0;
    for (; padding < 2 && text[length - 1 - padding] == '='; padding++)
        ;
    uint8_t whole[1024];
    if (length / 4 * 3 > sizeof whole || EVP_DecodeBlock(whole, (const unsigned char *)text, (int)length) < 0)
        return 0;
    size_t count = length / 4 * 3 - padding;
    if (count > room)
        return 0;
    memcpy(bytes, whole, count);
    return count;
}

void hex_encode(const uint8_t *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++)
        sprintf(text + 2 * i, "%02x", bytes[i]);
}

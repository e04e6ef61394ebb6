#include "core/password.h"

#include "base/error.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What ours cost: 16 MiB. */
#define LOG_N 14
#define R     8
#define P     1

#define SALT_MAX   64
#define SALT_SIZE  16
#define HASH_MIN   16
#define HASH_SIZE  32
#define MEMORY_MAX (UINT64_C(64) << 20)

static const char digest_prefix[] = "sha256:";

struct parts {
    uint64_t n, r, p;
    uint8_t  salt[SALT_MAX], hash[SALT_MAX];
    size_t   salt_size, hash_size;
};

static void write_hex(const uint8_t *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes in hexadecimal up to `mark`; how many, or 0 if there are none or more than `max`. */
static size_t read_hex(const char **at, char mark, uint8_t *out, size_t max)
{
    size_t size = 0;
    for (; **at != mark; *at += 2, size++) {
        int high = hex_digit((*at)[0]), low = high < 0 ? -1 : hex_digit((*at)[1]);
        if (low < 0 || size == max)
            return 0;
        out[size] = (uint8_t)(high << 4 | low);
    }
    *at += mark != '\0';
    return size;
}

/* One or two digits and a colon. */
static bool read_number(const char **at, uint64_t *out)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > 2 || (*at)[digits] != ':')
        return false;
    *out = strtoul(*at, NULL, 10);
    *at += digits + 1;
    return true;
}

static bool read_parts(const char *text, struct parts *out)
{
    static const char prefix[] = "scrypt:";
    uint64_t          log_n;
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return false;
    text += sizeof prefix - 1;
    if (!read_number(&text, &log_n) || !read_number(&text, &out->r) || !read_number(&text, &out->p))
        return false;
    out->salt_size = read_hex(&text, ':', out->salt, SALT_MAX);
    out->hash_size = out->salt_size > 0 ? read_hex(&text, '\0', out->hash, SALT_MAX) : 0;
    if (out->hash_size < HASH_MIN || log_n < 10 || log_n > 19 || out->r < 1 || out->p < 1 || out->p > 4)
        return false;
    out->n = UINT64_C(1) << log_n;
    return 128 * out->n * out->r <= MEMORY_MAX;
}

static bool derive(const char *password, const struct parts *with, uint8_t *out)
{
    return EVP_PBE_scrypt(password, strlen(password), with->salt, with->salt_size, with->n, with->r, with->p,
                          2 * MEMORY_MAX, out, with->hash_size) == 1;
}

int password_hash(const char *password, char out[PASSWORD_HASH_SIZE])
{
    struct parts parts = { .n = 1 << LOG_N, .r = R, .p = P, .salt_size = SALT_SIZE, .hash_size = HASH_SIZE };
    char         salt[2 * SALT_SIZE + 1], hash[2 * HASH_SIZE + 1];
    if (RAND_bytes(parts.salt, SALT_SIZE) != 1 || !derive(password, &parts, parts.hash))
        return ERR_SYSTEM;
    write_hex(parts.salt, SALT_SIZE, salt);
    write_hex(parts.hash, HASH_SIZE, hash);
    snprintf(out, PASSWORD_HASH_SIZE, "scrypt:%d:%d:%d:%s:%s", LOG_N, R, P, salt, hash);
    return 0;
}

bool password_is_hash(const char *text)
{
    struct parts parts;
    return strlen(text) < PASSWORD_HASH_SIZE && read_parts(text, &parts);
}

bool password_matches(const char *hash, const char *password)
{
    struct parts parts;
    uint8_t      made[SALT_MAX];
    return read_parts(hash, &parts) && derive(password, &parts, made) &&
           CRYPTO_memcmp(made, parts.hash, parts.hash_size) == 0;
}

int password_make_token(char out[PASSWORD_TOKEN_SIZE])
{
    uint8_t random[(PASSWORD_TOKEN_SIZE - 1) / 2];
    if (RAND_bytes(random, sizeof random) != 1)
        return ERR_SYSTEM;
    write_hex(random, sizeof random, out);
    return 0;
}

void password_digest(const char *token, uint8_t out[PASSWORD_DIGEST_SIZE])
{
    if (EVP_Digest(token, strlen(token), out, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* OpenSSL without SHA-256 */
}

void password_format_digest(const uint8_t digest[PASSWORD_DIGEST_SIZE], char out[PASSWORD_DIGEST_TEXT_SIZE])
{
    memcpy(out, digest_prefix, sizeof digest_prefix - 1);
    write_hex(digest, PASSWORD_DIGEST_SIZE, out + sizeof digest_prefix - 1);
}

bool password_parse_digest(const char *text, uint8_t out[PASSWORD_DIGEST_SIZE])
{
    if (strncmp(text, digest_prefix, sizeof digest_prefix - 1) != 0)
        return false;
    text += sizeof digest_prefix - 1;
    return read_hex(&text, '\0', out, PASSWORD_DIGEST_SIZE) == PASSWORD_DIGEST_SIZE;
}

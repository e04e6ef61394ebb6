/* password.h - passwords as the configuration keeps them: hashes that are slow to make (scrypt, RFC
 * 7914), so that whoever reads one cannot find the password behind it by trying many.
 *
 *     scrypt:<log2 N>:<r>:<p>:<salt>:<hash>     salt and hash in hexadecimal
 *
 * Making one and trying one take some 50 ms and 16 MiB: not for a worker's thread. */
#ifndef MILLRACE_CORE_PASSWORD_H
#define MILLRACE_CORE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_HASH_SIZE = 256, PASSWORD_MAX = 1024, PASSWORD_TOKEN_SIZE = 65, PASSWORD_DIGEST_SIZE = 32 };

/* The hash of `password` with a salt of its own.  0 or ERR_SYSTEM. */
int password_hash(const char *password, char out[PASSWORD_HASH_SIZE]);

/* Whether `text` is a hash that we can and would try: one that takes up to 64 MiB. */
bool password_is_hash(const char *text);

/* Whether it is the hash of this password. */
bool password_matches(const char *hash, const char *password);

/* 256 random bits in hexadecimal, to be used as they are: nobody can guess them, so that their plain
 * digest may be kept.  0 or ERR_SYSTEM. */
int password_make_token(char out[PASSWORD_TOKEN_SIZE]);

/* SHA-256. */
void password_digest(const char *token, uint8_t out[PASSWORD_DIGEST_SIZE]);

/* "sha256:" and 64 hexadecimal digits. */
#define PASSWORD_DIGEST_TEXT_SIZE (7 + 2 * PASSWORD_DIGEST_SIZE + 1)
void password_format_digest(const uint8_t digest[PASSWORD_DIGEST_SIZE], char out[PASSWORD_DIGEST_TEXT_SIZE]);

/* The same back; false if `text` is none. */
bool password_parse_digest(const char *text, uint8_t out[PASSWORD_DIGEST_SIZE]);

#endif

#include "protocol/rtmp_handshake.h"

#include "base/error.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum {
    VERSION           = 3,
    VERSION_ENCRYPTED = 6,
    TIME_SIZE         = 8, /* time and zero, or time and version, before the random part */
    SIGNED_SIZE       = RTMP_HANDSHAKE_SIZE - RTMP_DIGEST_SIZE,
};

/* The keys of the digest handshake: a sentence each, of which C1's and S1's digests use the
 * text alone and the signatures of C2 and S2 the whole, 32 fixed bytes behind it included. */
static const char    player_text[] = "Genuine Adobe Flash Player 001";
static const char    server_text[] = "Genuine Adobe Flash Media Server 001";
static const uint8_t key_tail[32] = {
    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
    0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
};

/* Where the four bytes lie whose sum says where the digest is, within the 764 bytes from there
 * on: schema 0 and 1.  Flash and ffmpeg use the first. */
static const size_t schema_bases[] = { 8, 772 };

/* HMAC-SHA256 over two runs of bytes, one after the other. */
static int hmac(struct bytes key, struct bytes first, struct bytes second, uint8_t out[RTMP_DIGEST_SIZE])
{
    char       name[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                            OSSL_PARAM_construct_end() };
    size_t     size = 0;
    EVP_MAC     *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    bool ok = context != NULL && EVP_MAC_init(context, key.data, key.size, params) == 1 &&
              EVP_MAC_update(context, first.data, first.size) == 1 &&
              EVP_MAC_update(context, second.data, second.size) == 1 &&
              EVP_MAC_final(context, out, &size, RTMP_DIGEST_SIZE) == 1 && size == RTMP_DIGEST_SIZE;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return ok ? 0 : ERR_SYSTEM;
}

/* SHA-256 of S1's or C2's random part. */
static int echo_hash(const uint8_t part[RTMP_HANDSHAKE_SIZE], uint8_t out[RTMP_DIGEST_SIZE])
{
    const uint8_t *random = part + TIME_SIZE;
    size_t         size = RTMP_HANDSHAKE_SIZE - TIME_SIZE;
    return EVP_Digest(random, size, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : ERR_SYSTEM;
}

static size_t digest_offset(const uint8_t part[RTMP_HANDSHAKE_SIZE], size_t base)
{
    const uint8_t *p = part + base;
    return base + 4 + (size_t)(p[0] + p[1] + p[2] + p[3]) % 728;
}

/* The digest that belongs at `offset` of C1 or S1: over all that is not the digest itself. */
static int part_digest(const uint8_t part[RTMP_HANDSHAKE_SIZE], size_t offset, const char *key,
                       uint8_t out[RTMP_DIGEST_SIZE])
{
    size_t       behind = offset + RTMP_DIGEST_SIZE;
    struct bytes first = { part, offset };
    struct bytes second = { part + behind, RTMP_HANDSHAKE_SIZE - behind };
    return hmac(bytes_of(key), first, second, out);
}

/* The signature that ends C2 or S2, keyed by the digest of the part it answers. */
static int reply_signature(const uint8_t reply[RTMP_HANDSHAKE_SIZE], const char *key_text,
                           const uint8_t answered[RTMP_DIGEST_SIZE], uint8_t out[RTMP_DIGEST_SIZE])
{
    uint8_t       key[sizeof server_text + sizeof key_tail], derived[RTMP_DIGEST_SIZE];
    struct writer w = writer_over(key, sizeof key);
    write_bytes(&w, key_text, strlen(key_text));
    write_bytes(&w, key_tail, sizeof key_tail);

    struct bytes whole_key = { key, writer_size(&w) }, none = { NULL, 0 };
    int result = hmac(whole_key, (struct bytes){ answered, RTMP_DIGEST_SIZE }, none, derived);
    if (result < 0)
        return result;
    return hmac((struct bytes){ derived, sizeof derived }, (struct bytes){ reply, SIGNED_SIZE }, none, out);
}

/* The base of the schema in which C1 carries a valid digest, or 0 if it carries none. */
static int find_schema(const uint8_t c1[RTMP_HANDSHAKE_SIZE], size_t *base)
{
    *base = 0;
    for (size_t i = 0; i < sizeof schema_bases / sizeof *schema_bases; i++) {
        size_t  offset = digest_offset(c1, schema_bases[i]);
        uint8_t digest[RTMP_DIGEST_SIZE];
        int     result = part_digest(c1, offset, player_text, digest);
        if (result < 0)
            return result;
        if (CRYPTO_memcmp(digest, c1 + offset, sizeof digest) == 0) {
            *base = schema_bases[i];
            break;
        }
    }
    return 0;
}

/* S1 and S2 of the digest handshake; both hold random bytes still. */
static int sign(uint8_t *s1, uint8_t *s2, const uint8_t *c1, size_t base, uint8_t s1_digest[RTMP_DIGEST_SIZE])
{
    static const uint8_t fms_version[4] = { 4, 5, 0, 1 }; /* not 0: a client would fall back to simple */
    memcpy(s1 + 4, fms_version, sizeof fms_version);
    size_t offset = digest_offset(s1, base);
    int    result = part_digest(s1, offset, server_text, s1_digest);
    if (result < 0)
        return result;
    memcpy(s1 + offset, s1_digest, RTMP_DIGEST_SIZE);
    return reply_signature(s2, server_text, c1 + digest_offset(c1, base), s2 + SIGNED_SIZE);
}

static int check_version(uint8_t version)
{
    if (version == VERSION_ENCRYPTED)
        return ERR_UNSUPPORTED;
    return version < VERSION || version >= 32 ? ERR_PROTOCOL : 0;
}

ssize_t rtmp_handshake_reply(struct bytes in, const uint8_t random[RTMP_HANDSHAKE_SIZE],
                             struct rtmp_handshake *state, uint8_t out[RTMP_HANDSHAKE_REPLY_SIZE])
{
    if (in.size == 0)
        return 0;
    int result = check_version(in.data[0]);
    if (result < 0)
        return result;
    if (in.size < RTMP_HANDSHAKE_REQUEST_SIZE)
        return 0;

    const uint8_t *c1 = in.data + 1;
    uint8_t       *s1 = out + 1, *s2 = s1 + RTMP_HANDSHAKE_SIZE;
    size_t         base;
    *state = (struct rtmp_handshake){ .kind = RTMP_HANDSHAKE_SIMPLE };
    out[0] = VERSION;
    memcpy(s1, random, RTMP_HANDSHAKE_SIZE);
    memset(s1, 0, TIME_SIZE);
    result = find_schema(c1, &base);
    if (result == 0 && base == 0) {
        memcpy(s2, c1, RTMP_HANDSHAKE_SIZE);
    } else if (result == 0) {
        state->kind = RTMP_HANDSHAKE_DIGEST;
        memcpy(s2, random, RTMP_HANDSHAKE_SIZE);
        result = sign(s1, s2, c1, base, state->s1_digest);
    }
    if (result == 0)
        result = echo_hash(s1, state->s1_hash);
    return result < 0 ? result : RTMP_HANDSHAKE_REQUEST_SIZE;
}

ssize_t rtmp_handshake_finish(struct bytes in, const struct rtmp_handshake *state,
                              enum rtmp_client_proof *proof)
{
    uint8_t expected[RTMP_DIGEST_SIZE];
    if (in.size < RTMP_HANDSHAKE_SIZE)
        return 0;
    *proof = RTMP_PROOF_NONE;
    int result = echo_hash(in.data, expected);
    if (result < 0)
        return result;
    if (CRYPTO_memcmp(expected, state->s1_hash, sizeof expected) == 0)
        *proof = RTMP_PROOF_ECHO;
    if (*proof == RTMP_PROOF_NONE && state->kind == RTMP_HANDSHAKE_DIGEST) {
        result = reply_signature(in.data, player_text, state->s1_digest, expected);
        if (result < 0)
            return result;
        if (CRYPTO_memcmp(expected, in.data + SIGNED_SIZE, sizeof expected) == 0)
            *proof = RTMP_PROOF_SIGNED;
    }
    return RTMP_HANDSHAKE_SIZE;
}

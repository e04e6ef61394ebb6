#include "core/auth.h"

#include "base/error.h"
#include "net/cidr.h"
#include "protocol/url.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#define MD5_HEX_SIZE 33 /* with its end mark, as the next */
#define MAC_SIZE     44
#define MAC_RAW_SIZE 32

/* Of the longest number that a sign may have: the year 31 million and some, in seconds. */
#define EXPIRY_DIGITS_MAX 15
#define EXPIRY_MAX        INT64_C(999999999999999)

static const char *const use_names[] = {
    [AUTH_PLAY] = "play",
    [AUTH_PUBLISH] = "publish",
    [AUTH_ANY] = "any",
};

const char *auth_use_name(enum auth_use use)
{
    return use_names[use];
}

/* The two forms. */

static int make_md5(const char *path, int64_t expiry_s, const char *secret, char out[MD5_HEX_SIZE])
{
    char          number[24];
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX   *md5 = EVP_MD_CTX_new();
    int           number_size = snprintf(number, sizeof number, "-%" PRId64 "-", expiry_s);
    bool          made = md5 != NULL && EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1 &&
                EVP_DigestUpdate(md5, path, strlen(path)) == 1 &&
                EVP_DigestUpdate(md5, number, (size_t)number_size) == 1 &&
                EVP_DigestUpdate(md5, secret, strlen(secret)) == 1 &&
                EVP_DigestFinal_ex(md5, digest, NULL) == 1;
    EVP_MD_CTX_free(md5);
    for (int i = 0; made && i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return made ? 0 : ERR_SYSTEM; /* a system may forbid MD5 (FIPS) */
}

static void encode_base64url(const uint8_t raw[MAC_RAW_SIZE], char out[MAC_SIZE])
{
    unsigned char padded[4 * ((MAC_RAW_SIZE + 2) / 3) + 1];
    EVP_EncodeBlock(padded, raw, MAC_RAW_SIZE);
    for (int i = 0; i < MAC_SIZE - 1; i++)
        out[i] = padded[i] == '+' ? '-' : padded[i] == '/' ? '_' : (char)padded[i];
    out[MAC_SIZE - 1] = '\0';
}

/* What a v2 sign vouches for. */
struct claim {
    enum auth_use use;
    int64_t       expiry_s;
    unsigned      bits;
    char          network[CIDR_TEXT_SIZE]; /* empty: any address */
};

static int make_mac(const struct claim *claim, const char *path, const char *secret, char out[MAC_SIZE])
{
    char    text[URL_PATH_SIZE + CIDR_TEXT_SIZE + 64];
    uint8_t raw[MAC_RAW_SIZE];
    size_t  raw_size;
    int     size = snprintf(text, sizeof text, "v2\n%s\n%" PRId64 "\n%s\n%s", use_names[claim->use],
                            claim->expiry_s, claim->network, path);
    if (size < 0 || (size_t)size >= sizeof text)
        return ERR_INVALID;
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret, strlen(secret), (const unsigned char *)text,
                  (size_t)size, raw, sizeof raw, &raw_size) == NULL || raw_size != sizeof raw)
        return ERR_SYSTEM;
    encode_base64url(raw, out);
    return 0;
}

/* Reading. */

/* Digits up to `stop`, which is taken too.  -1 for anything else. */
static int64_t take_number(const char **at, char stop)
{
    int64_t     value = 0;
    const char *start = *at;
    for (; **at >= '0' && **at <= '9' && *at - start < EXPIRY_DIGITS_MAX; (*at)++)
        value = value * 10 + (**at - '0');
    if (*at == start || **at != stop || (start[0] == '0' && *at - start > 1))
        return -1;
    (*at)++;
    return value;
}

static bool take_word(const char **at, const char *word, char stop)
{
    size_t size = strlen(word);
    if (strncmp(*at, word, size) != 0 || (*at)[size] != stop)
        return false;
    *at += size + 1;
    return true;
}

static bool is_same(const char *given, const char *made, size_t size)
{
    return strlen(given) == size && CRYPTO_memcmp(given, made, size) == 0;
}

static const char malformed[] = "the sign is malformed";
static const char expired[] = "the sign has expired";
static const char wrong[] = "the sign is wrong";

static const char *refuse_legacy(const char *sign, const struct auth_request *request,
                                 const struct auth_keys *keys)
{
    char    md5[MD5_HEX_SIZE];
    int64_t expiry_s = take_number(&sign, '-');
    if (!keys->legacy)
        return "signs of this form are not accepted here";
    if (expiry_s < 0 || strlen(sign) != MD5_HEX_SIZE - 1)
        return malformed;
    if (expiry_s < request->now_s)
        return expired;
    for (size_t i = 0; i < keys->count; i++)
        if (make_md5(request->path, expiry_s, keys->secrets[i], md5) == 0 &&
            is_same(sign, md5, MD5_HEX_SIZE - 1))
            return NULL;
    return wrong;
}

static bool take_claim(const char **at, struct claim *claim)
{
    int use = AUTH_PLAY;
    claim->expiry_s = take_number(at, '.');
    if (claim->expiry_s < 0)
        return false;
    while (use <= AUTH_ANY && !take_word(at, use_names[use], '.'))
        use++;
    int64_t bits = use <= AUTH_ANY ? take_number(at, '.') : -1;
    claim->use = (enum auth_use)use;
    claim->bits = (unsigned)bits;
    return bits >= 0 && bits <= 128;
}

/* The network that the first `bits` of the client's address make; the sign does not say which it
 * is for.  An address shorter than that makes none. */
static bool find_network(struct claim *claim, const char *ip)
{
    struct cidr network;
    claim->network[0] = '\0';
    if (claim->bits == 0)
        return true;
    if (cidr_of_ip(ip, &network) != 0 || !cidr_truncate(&network, claim->bits))
        return false;
    cidr_format(&network, claim->network);
    return true;
}

static const char *refuse_v2(const char *sign, const struct auth_request *request,
                             const struct auth_keys *keys)
{
    struct claim claim;
    char         mac[MAC_SIZE];
    if (!take_claim(&sign, &claim) || strlen(sign) != MAC_SIZE - 1)
        return malformed;
    if (claim.expiry_s != 0 && claim.expiry_s < request->now_s)
        return expired;
    if (claim.use != AUTH_ANY && claim.use != request->use)
        return claim.use == AUTH_PLAY ? "the sign is for playing only" : "the sign is for publishing only";
    if (!find_network(&claim, request->ip))
        return wrong;
    for (size_t i = 0; i < keys->count; i++)
        if (make_mac(&claim, request->path, keys->secrets[i], mac) == 0 && is_same(sign, mac, MAC_SIZE - 1))
            return NULL;
    return wrong;
}

const char *auth_refusal(const struct auth_request *request, const struct auth_keys *keys)
{
    char   text[AUTH_SIGN_SIZE];
    size_t count = url_query_count(request->query, "sign");
    if (count == 0)
        return "a sign is needed";
    if (count > 1)
        return "the sign is given more than once";
    if (url_query_get(request->query, "sign", text, sizeof text) < 0)
        return malformed;
    return strncmp(text, "v2.", 3) == 0 ? refuse_v2(text + 3, request, keys)
                                        : refuse_legacy(text, request, keys);
}

/* Making. */

static int claim_of(const struct auth_grant *grant, struct claim *claim)
{
    struct cidr network;
    const char *why;
    *claim = (struct claim){ .use = grant->use, .expiry_s = grant->expiry_s };
    if (grant->network == NULL)
        return 0;
    if (cidr_parse(grant->network, &network, &why) != 0 || network.bits == 0)
        return ERR_INVALID;
    claim->bits = network.bits;
    cidr_format(&network, claim->network);
    return 0;
}

int auth_sign(const struct auth_grant *grant, const char *secret, char out[AUTH_SIGN_SIZE])
{
    struct claim claim;
    char         mac[MAC_SIZE];
    if (secret[0] == '\0' || grant->expiry_s < 0 || grant->expiry_s > EXPIRY_MAX)
        return ERR_INVALID;
    int error = claim_of(grant, &claim);
    if (error == 0)
        error = make_mac(&claim, grant->path, secret, mac);
    if (error == 0)
        snprintf(out, AUTH_SIGN_SIZE, "v2.%" PRId64 ".%s.%u.%s", claim.expiry_s, use_names[claim.use],
                 claim.bits, mac);
    return error;
}

int auth_sign_legacy(const char *path, int64_t expiry_s, const char *secret, char out[AUTH_SIGN_SIZE])
{
    char md5[MD5_HEX_SIZE];
    if (secret[0] == '\0' || expiry_s <= 0 || expiry_s > EXPIRY_MAX)
        return ERR_INVALID;
    int error = make_md5(path, expiry_s, secret, md5);
    if (error == 0)
        snprintf(out, AUTH_SIGN_SIZE, "%" PRId64 "-%s", expiry_s, md5);
    return error;
}

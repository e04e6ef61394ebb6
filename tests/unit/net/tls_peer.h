/* tls_peer.h - certificates made on the spot, and a client whose bytes the test moves itself. */
#ifndef MILLRACE_TESTS_NET_TLS_PEER_H
#define MILLRACE_TESTS_NET_TLS_PEER_H

#include "check.h"

#include "net/tls_store.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that is gone after the test, and files in it. */

static char folder[64];

static inline const char *file_in_folder(const char *name)
{
    static char paths[8][128]; /* so many may be in use at a time */
    static int  next;
    char       *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/millrace-tls-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static inline void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    CHECK_EQ(fclose(file), 0);
}

/* Certificates. */

enum kind { KIND_EC, KIND_RSA, KIND_WEAK };

static inline EVP_PKEY *make_key(enum kind kind)
{
    return kind == KIND_EC ? EVP_EC_gen("P-256") : EVP_RSA_gen(kind == KIND_RSA ? 2048 : 1024);
}

static inline X509 *make_certificate(EVP_PKEY *key, const char *names, long days)
{
    X509      *x = X509_new();
    X509V3_CTX context;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), days * 86400 - 60);
    X509_set_pubkey(x, key);
    X509_NAME *subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)names, -1, -1, 0);
    X509_set_issuer_name(x, subject);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    assert_non_null(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    CHECK(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

/* "NAME.crt" and "NAME.key" in the folder; `names` as in "DNS:a.example,DNS:b.example", of which
 * all together is the subject, so that tests can tell certificates apart by it. */
static inline struct tls_pair make_pair(const char *name, enum kind kind, const char *names)
{
    char      cert[64], key_file[64];
    EVP_PKEY *key = make_key(kind);
    X509     *x = make_certificate(key, names, 30);
    snprintf(cert, sizeof cert, "%s.crt", name);
    snprintf(key_file, sizeof key_file, "%s.key", name);
    struct tls_pair pair = { "https", file_in_folder(cert), file_in_folder(key_file) };
    FILE           *file = fopen(pair.cert, "w");
    CHECK(PEM_write_X509(file, x));
    fclose(file);
    file = fopen(pair.key, "w");
    CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
    chmod(pair.key, 0600);
    X509_free(x);
    EVP_PKEY_free(key);
    return pair;
}

static inline struct tls_store *make_store(const struct tls_pair *pair)
{
    char                error[TLS_ERROR_SIZE] = "";
    struct tls_pair     none = { "rtmps", "", "" };
    struct tls_settings settings = { .on = { [TLS_HTTPS] = true }, .own = { none, *pair } };
    struct tls_store   *store = tls_store_new(&settings, error);
    assert_string_equal(error, "");
    return store;
}

/* A client: its ciphertext lies in memory until the test moves it. */

struct client {
    SSL_CTX *context;
    SSL     *ssl;
    BIO     *in, *out;
    int      fd;
    bool     fin; /* the server has ended its direction */
};

static inline struct client client_new(int fd, const char *host, int version)
{
    struct client c = { .context = SSL_CTX_new(TLS_client_method()), .fd = fd };
    SSL_CTX_set_security_level(c.context, 0);
    if (version != 0) {
        SSL_CTX_set_min_proto_version(c.context, version);
        SSL_CTX_set_max_proto_version(c.context, version);
    }
    c.ssl = SSL_new(c.context);
    c.in = BIO_new(BIO_s_mem());
    c.out = BIO_new(BIO_s_mem());
    SSL_set_bio(c.ssl, c.in, c.out);
    SSL_set_connect_state(c.ssl);
    if (host != NULL)
        SSL_set_tlsext_host_name(c.ssl, host);
    return c;
}

static inline void client_free(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    if (c->fd >= 0)
        close(c->fd);
    ERR_clear_error();
}

/* Move at most `max` bytes of ciphertext to the server.  Returns how many. */
static inline size_t client_push(struct client *c, size_t max)
{
    char  *data;
    size_t size = (size_t)BIO_get_mem_data(c->out, &data);
    size = size < max ? size : max;
    ssize_t n = size > 0 ? send(c->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
    if (n <= 0)
        return 0;
    char *gone = malloc((size_t)n);
    CHECK_EQ(BIO_read(c->out, gone, (int)n), n);
    free(gone);
    return (size_t)n;
}

/* Move at most `max` bytes of ciphertext from the server.  Returns how many. */
static inline size_t client_pull(struct client *c, size_t max)
{
    char    data[4096];
    ssize_t n = recv(c->fd, data, max < sizeof data ? max : sizeof data, MSG_DONTWAIT);
    if (n == 0)
        c->fin = true;
    if (n <= 0)
        return 0;
    CHECK_EQ(BIO_write(c->in, data, (int)n), n);
    return (size_t)n;
}

/* Plaintext that has come, at most `room` bytes: how many, 0 for none, or -SSL_ERROR_... */
static inline ssize_t client_read(struct client *c, uint8_t *to, size_t room)
{
    size_t total = 0, n;
    ERR_clear_error();
    while (total < room && SSL_read_ex(c->ssl, to + total, room - total, &n) == 1)
        total += n;
    int error = total < room ? SSL_get_error(c->ssl, 0) : SSL_ERROR_NONE;
    return total > 0 || error == SSL_ERROR_WANT_READ ? (ssize_t)total : -error;
}

/* The subject of the server's certificate. */
static inline const char *client_saw(const struct client *c)
{
    static char name[256];
    X509       *x = SSL_get0_peer_certificate(c->ssl);
    name[0] = '\0';
    if (x != NULL)
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
    return name;
}

#endif

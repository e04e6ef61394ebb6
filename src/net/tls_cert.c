#include "net/tls_cert.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX (1024 * 1024)

/* One load: whose it is, and where its error goes. */
struct load {
    const struct tls_pair *pair;
    const char            *key_path;
    char                  *error; /* TLS_ERROR_SIZE bytes */
};

__attribute__((format(printf, 2, 3)))
static bool refuse(const struct load *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(l->error, TLS_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

static const char *openssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason != NULL ? reason : "no reason given";
}

static bool refuse_file(const struct load *l, const char *part, const char *path, const char *why)
{
    return refuse(l, "%s.%s: cannot read \"%.200s\": %s", l->pair->name, part, path, why);
}

static void warn_if_open(const struct load *l, const struct stat *info)
{
    if (info->st_mode & S_IROTH)
        log_warn(NULL, "%s.key: every user of this machine can read the private key in \"%s\"; chmod 600 it",
                 l->pair->name, l->key_path);
}

/* The whole of a file, into a BIO that the caller frees. */
static BIO *read_fd(int fd)
{
    BIO    *bio = BIO_new(BIO_s_mem());
    char    piece[4096];
    ssize_t n;
    size_t  total = 0;
    while (bio != NULL && total <= FILE_SIZE_MAX && (n = read(fd, piece, sizeof piece)) > 0) {
        total += (size_t)n;
        if (BIO_write(bio, piece, (int)n) != n)
            break;
    }
    return bio;
}

static bool read_file(const struct load *l, const char *part, const char *path, BIO **out)
{
    struct stat info;
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (fd < 0)
        return refuse_file(l, part, path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_SIZE_MAX) {
        close(fd);
        return refuse_file(l, part, path, "it is not a file of a certificate's size");
    }
    if (path == l->key_path)
        warn_if_open(l, &info);
    *out = read_fd(fd);
    close(fd);
    return *out != NULL || refuse_file(l, part, path, "out of memory");
}

static bool read_chain(const struct load *l, struct tls_cert *out)
{
    BIO  *bio = NULL;
    X509 *x;
    if (!read_file(l, "cert", l->pair->cert, &bio))
        return false;
    out->leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    out->chain = sk_X509_new_null();
    while (out->leaf != NULL && out->chain != NULL && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (!sk_X509_push(out->chain, x))
            X509_free(x);
    BIO_free(bio);
    ERR_clear_error(); /* the end of the file is one, too */
    if (out->leaf == NULL || out->chain == NULL)
        return refuse(l, "%s.cert: \"%.200s\" holds no certificate in PEM", l->pair->name, l->pair->cert);
    return true;
}

/* OpenSSL asks for a passphrase: there is none, and nobody to ask. */
static int note_passphrase(char *to, int size, int writing, void *asked)
{
    (void)to;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static bool read_key(const struct load *l, struct tls_cert *out)
{
    BIO *bio = NULL;
    bool encrypted = false;
    if (!read_file(l, "key", l->key_path, &bio))
        return false;
    out->key = PEM_read_bio_PrivateKey(bio, NULL, note_passphrase, &encrypted);
    BIO_free(bio);
    ERR_clear_error();
    if (encrypted)
        return refuse(l, "%s.key: the private key in \"%.200s\" has a passphrase; it is needed without",
                      l->pair->name, l->key_path);
    if (out->key == NULL)
        return refuse(l, "%s.key: \"%.200s\" holds no private key in PEM", l->pair->name, l->key_path);
    return true;
}

/* What a handshake would find: a key too short, an algorithm too old. */
static bool check_use(const struct load *l, const struct tls_cert *cert)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool     usable = context != NULL &&
                  SSL_CTX_use_cert_and_key(context, cert->leaf, cert->key, cert->chain, 1) == 1;
    if (!usable)
        refuse(l, "%s: the certificate in \"%.200s\" cannot be used: %s", l->pair->name, l->pair->cert,
               openssl_reason());
    SSL_CTX_free(context);
    ERR_clear_error();
    return usable;
}

static bool check(const struct load *l, const struct tls_cert *cert)
{
    if (X509_check_private_key(cert->leaf, cert->key) != 1) {
        ERR_clear_error();
        return refuse(l, "%s: the private key in \"%.200s\" is not that of the certificate in \"%.200s\"",
                      l->pair->name, l->key_path, l->pair->cert);
    }
    return check_use(l, cert);
}

static void warn_of_dates(const struct load *l, const struct tls_cert *cert)
{
    if (X509_cmp_current_time(X509_get0_notAfter(cert->leaf)) < 0)
        log_warn(NULL, "%s.cert: the certificate in \"%s\" has expired", l->pair->name, l->pair->cert);
    else if (X509_cmp_current_time(X509_get0_notBefore(cert->leaf)) > 0)
        log_warn(NULL, "%s.cert: the certificate in \"%s\" is not valid yet", l->pair->name, l->pair->cert);
}

bool tls_cert_load(const struct tls_pair *pair, struct tls_cert *out, char error[TLS_ERROR_SIZE])
{
    struct load     l = { pair, pair->key[0] != '\0' ? pair->key : pair->cert, error };
    struct tls_cert cert = { 0 };
    if (!read_chain(&l, &cert) || !read_key(&l, &cert) || !check(&l, &cert)) {
        tls_cert_clear(&cert);
        return false;
    }
    warn_of_dates(&l, &cert);
    *out = cert;
    return true;
}

void tls_cert_clear(struct tls_cert *cert)
{
    X509_free(cert->leaf);
    sk_X509_pop_free(cert->chain, X509_free);
    EVP_PKEY_free(cert->key);
    *cert = (struct tls_cert){ 0 };
}

bool tls_cert_use(const struct tls_cert *cert, SSL *ssl)
{
    return SSL_use_cert_and_key(ssl, cert->leaf, cert->key, cert->chain, 1) == 1;
}

bool tls_cert_is_for(const struct tls_cert *cert, const char *host)
{
    return X509_check_host(cert->leaf, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static void add_name(char *out, size_t size, const char *name, size_t name_size)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "", (int)name_size, name);
}

void tls_cert_describe(const struct tls_cert *cert, char *out, size_t size)
{
    char           common[64];
    X509_NAME     *subject = X509_get_subject_name(cert->leaf);
    GENERAL_NAMES *names = X509_get_ext_d2i(cert->leaf, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            add_name(out, size, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                     (size_t)ASN1_STRING_length(name->d.dNSName));
    }
    GENERAL_NAMES_free(names);
    if (out[0] == '\0' && X509_NAME_get_text_by_NID(subject, NID_commonName, common, sizeof common) > 0)
        add_name(out, size, common, strlen(common));
    ERR_clear_error();
}

#include "bench/secure.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* It is an SSL, and nothing more. */
static SSL *ssl_of(struct secure *s)
{
    return (SSL *)s;
}

struct ssl_ctx_st *secure_context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    return context;
}

void secure_context_free(struct ssl_ctx_st *context)
{
    SSL_CTX_free(context);
}

struct secure *secure_new(struct ssl_ctx_st *context, int fd)
{
    SSL *ssl = SSL_new(context);
    if (ssl == NULL)
        return NULL;
    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return (struct secure *)ssl;
}

void secure_free(struct secure *s)
{
    SSL_free(ssl_of(s));
}

/* `result` of an SSL call, as a system call would say it. */
static int translate(struct secure *s, int result)
{
    int cause = errno;
    if (result > 0)
        return result;
    switch (SSL_get_error(ssl_of(s), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        break;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        errno = cause != 0 ? cause : EPROTO;
        break;
    default:
        errno = EPROTO;
    }
    return -1;
}

int secure_handshake(struct secure *s)
{
    ERR_clear_error();
    errno = 0;
    int result = translate(s, SSL_do_handshake(ssl_of(s)));
    if (result == 0)
        errno = EPROTO; /* it has ended before it had begun */
    return result > 0 ? 0 : -1;
}

ssize_t secure_receive(struct secure *s, void *to, size_t size)
{
    ERR_clear_error();
    errno = 0;
    return translate(s, SSL_read(ssl_of(s), to, size < INT_MAX ? (int)size : INT_MAX));
}

ssize_t secure_send(struct secure *s, const void *from, size_t size)
{
    ERR_clear_error();
    errno = 0;
    return translate(s, SSL_write(ssl_of(s), from, size < INT_MAX ? (int)size : INT_MAX));
}

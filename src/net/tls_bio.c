#include "net/tls_bio.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* OpenSSL's names for these end in comments of its header (openssl/bio.h). */
#define CTRL_SET_KTLS          72
#define CTRL_SET_KTLS_MESSAGE  74
#define CTRL_CLEAR_KTLS_MESSAGE 75

static BIO_METHOD *method;

static bool is_kernel(BIO *bio)
{
    BIO *socket = BIO_next(bio);
    return socket != NULL && BIO_ctrl(socket, BIO_CTRL_GET_KTLS_SEND, 0, NULL) > 0;
}

static int write_some(BIO *bio, const char *data, int size)
{
    struct tls_bio *b = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (is_kernel(bio)) {
        int n = BIO_write(BIO_next(bio), data, size);
        BIO_copy_next_retry(bio);
        return n;
    }
    b->ops->take(b->owner, (const uint8_t *)data, (size_t)size);
    return size;
}

static int read_some(BIO *bio, char *to, int room)
{
    struct tls_bio *b = BIO_get_data(bio);
    size_t          n = b->ops->give(b->owner, (uint8_t *)to, (size_t)room);
    BIO_clear_retry_flags(bio);
    if (n > 0)
        return (int)n;
    BIO_set_retry_read(bio);
    return -1;
}

/* The kernel gets the key to send with, and no other: received bytes do not come from the socket. */
static long set_kernel_key(BIO *bio, long sending, void *key)
{
    struct tls_bio *b = BIO_get_data(bio);
    BIO            *socket = BIO_next(bio);
    if (socket == NULL || !sending || !b->ops->drain(b->owner))
        return 0;
    int fd = (int)BIO_get_fd(socket, NULL);
    if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls" - 1) != 0)
        return 0;
    return BIO_ctrl(socket, CTRL_SET_KTLS, sending, key);
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    BIO *socket = BIO_next(bio);
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case CTRL_SET_KTLS:
        return set_kernel_key(bio, number, pointer);
    case BIO_CTRL_GET_KTLS_SEND:
    case CTRL_SET_KTLS_MESSAGE:
    case CTRL_CLEAR_KTLS_MESSAGE:
        return socket != NULL ? BIO_ctrl(socket, command, number, pointer) : 0;
    default:
        return 0;
    }
}

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "connection");
    if (method == NULL || !BIO_meth_set_write(method, write_some) || !BIO_meth_set_read(method, read_some) ||
        !BIO_meth_set_ctrl(method, control))
        abort(); /* once, at the first connection */
}

static BIO *make_bio(struct tls_bio *b)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = BIO_new(method);
    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, b);
    BIO_set_init(bio, 1);
    return bio;
}

bool tls_bio_attach(struct tls_bio *b, SSL *ssl, int fd)
{
    BIO *bio = make_bio(b);
    if (bio == NULL)
        return false;
    if (SSL_get_options(ssl) & SSL_OP_ENABLE_KTLS) {
        BIO *socket = BIO_new_socket(fd, BIO_NOCLOSE);
        if (socket == NULL) {
            BIO_free(bio);
            return false;
        }
        BIO_push(bio, socket);
    }
    SSL_set_bio(ssl, bio, bio);
    return true;
}

bool tls_bio_is_kernel(SSL *ssl)
{
    return is_kernel(SSL_get_wbio(ssl));
}

/* tls_out.h - ciphertext on its way to a socket.
 *
 * It is gathered in a stage that all connections of a loop share, and sent from there by one
 * call for several records.  Only what the socket does not take is kept for the connection. */
#ifndef MILLRACE_NET_TLS_OUT_H
#define MILLRACE_NET_TLS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Four full records; what a full socket may leave to a connection, too. */
#define TLS_STAGE_SIZE (4 * (16384 + 512))

/* Empty between two calls. */
struct tls_stage {
    size_t  size;
    uint8_t bytes[TLS_STAGE_SIZE];
};

struct tls_out {
    int               fd;
    int               error;   /* a negative errno: the socket is dead */
    struct tls_stage *stage;
    uint8_t          *pending; /* NULL when nothing waits for the socket */
    uint32_t          pending_at, pending_size;
};

/* Bytes to send, after those before them: always taken (and dropped if the socket is dead). */
void tls_out_take(struct tls_out *, const uint8_t *data, size_t size);

/* Have the socket take what is staged, and keep the rest. */
void tls_out_send(struct tls_out *);

/* Have the socket take what was kept: 0 if that is all of it, or a negative errno. */
int tls_out_flush(struct tls_out *);

void tls_out_clear(struct tls_out *);

#endif

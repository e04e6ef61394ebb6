/* rtmp_chunk.h - RTMP chunks in, whole messages out (RTMP 1.0, 5.3).
 *
 * One reader a connection.  A payload is copied once, from the input to the body of the packet
 * that will travel through the server.  Memory follows the bytes that have arrived, never the
 * length a peer announces; every limit of the peer's is in `struct rtmp_chunk_limits`.
 *
 * What it accepts beyond the specification, and for whom, is told in docs/PROTOCOLS.md. */
#ifndef MILLRACE_PROTOCOL_RTMP_CHUNK_H
#define MILLRACE_PROTOCOL_RTMP_CHUNK_H

#include "base/bytes.h"
#include "media/avpacket.h"

#include <stdint.h>
#include <sys/types.h>

enum {
    RTMP_CHUNK_SIZE_DEFAULT = 128,
    RTMP_CHUNK_SIZE_MAX     = 0xffffff, /* a message is no longer, so a larger chunk changes nothing */
};

struct rtmp_chunk_reader;

struct rtmp_chunk_limits {
    uint32_t message_size_max;  /* bytes of one message */
    uint32_t chunk_streams_max; /* of the connection; meant for tens: ids above 63 are searched in line */
    size_t   buffered_size_max; /* bytes allocated for all unfinished messages together */
};

struct rtmp_message {
    uint32_t         csid;
    uint32_t         msid;
    uint32_t         time_ms; /* absolute, modulo 2^32 */
    uint8_t          type;    /* enum rtmp_type (rtmp_message.h) */
    struct avpacket *packet;  /* type and body */
};

struct rtmp_chunk_reader *rtmp_chunk_reader_new(const struct rtmp_chunk_limits *);

/* Unfinished messages too; NULL is allowed. */
void rtmp_chunk_reader_free(struct rtmp_chunk_reader *);

/* Read chunks from the start of `in`, up to the end of the first message that completes.
 * Returns the bytes consumed, with out->packet set to the message's packet, which the caller
 * then owns, or to NULL if no message is complete yet; 0 if `in` ends inside a chunk header;
 * ERR_PROTOCOL, ERR_TOO_BIG or ERR_OUT_OF_MEMORY, after which the reader may only be asked why
 * and be freed.  *out is not touched on 0 or an error, but for out->packet, which is NULL. */
ssize_t rtmp_chunk_read(struct rtmp_chunk_reader *, struct bytes in, struct rtmp_message *out);

/* What the last error of rtmp_chunk_read() was about: a static lower-case phrase that names
 * the limit or the rule; "" before any. */
const char *rtmp_chunk_reader_why(const struct rtmp_chunk_reader *);

/* Whether ERR_TOO_BIG was for the number of chunk streams, and not for the size of messages. */
bool rtmp_chunk_reader_ran_out(const struct rtmp_chunk_reader *);

/* The two below carry out what a message just read says: call them before reading on.
 *
 * Set Chunk Size (5.4.1): 1 to 0x7fffffff, else ERR_PROTOCOL; 0 on success. */
int rtmp_chunk_reader_set_chunk_size(struct rtmp_chunk_reader *, uint32_t size);

/* Abort Message (5.4.2): discard what has arrived of an unfinished message. */
void rtmp_chunk_reader_abort(struct rtmp_chunk_reader *, uint32_t csid);

/* New limits, for the messages and the chunk streams that start from now on. */
void rtmp_chunk_reader_set_limits(struct rtmp_chunk_reader *, const struct rtmp_chunk_limits *);

/* Bytes allocated for unfinished messages. */
size_t rtmp_chunk_reader_buffered(const struct rtmp_chunk_reader *);

#endif

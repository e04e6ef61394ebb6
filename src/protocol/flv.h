/* flv.h - FLV files and streams: the file header, and tags in (FLV 10.1, annex E).
 *
 * Tags out are a wire form (protocol/wire.h). */
#ifndef MILLRACE_PROTOCOL_FLV_H
#define MILLRACE_PROTOCOL_FLV_H

#include "base/bytes.h"
#include "media/avpacket.h"

#include <sys/types.h>

enum {
    FLV_HEADER_SIZE     = 13,   /* header and PreviousTagSize0, as everyone writes them */
    FLV_HEADER_SIZE_MAX = 4096, /* what DataOffset may say at most */
    FLV_GROW_FROM       = 16 * 1024,
};

struct flv_header {
    bool has_audio;
    bool has_video;
};

/* Read the file header (E.2) and PreviousTagSize0, whose value does not matter.  Returns the bytes
 * consumed, DataOffset + 4; 0 if more are needed; ERR_PROTOCOL; ERR_UNSUPPORTED for a version
 * other than 1; ERR_TOO_BIG for a DataOffset above FLV_HEADER_SIZE_MAX.  The two flags are hints:
 * many encoders set both whatever they send. */
ssize_t flv_read_header(struct bytes in, struct flv_header *out);

void flv_write_header(uint8_t out[FLV_HEADER_SIZE], bool has_audio, bool has_video);

/* Where the reading of one FLV stream is.  Embedded by its owner; the members are flv.c's, but for
 * `header`, which is set once header_done. */
struct flv_reader {
    struct flv_header header;
    bool              header_done;
    uint8_t           state;
    uint8_t           head_size;     /* bytes in `head` */
    uint8_t           head[AVPACKET_FLV_SIZE];
    uint32_t          tag_size_max;
    uint32_t          left;          /* bytes to come in this state */
    uint32_t          tag_size;      /* DataSize of the tag being read */
    struct avpacket  *packet;        /* the tag being read; NULL for one that is skipped */
    int               error;         /* sticky */
};

/* `tag_size_max` is the largest body taken. */
void flv_reader_init(struct flv_reader *, uint32_t tag_size_max);

/* Gives back what is half read; the reader may be freed then, or set up anew. */
void flv_reader_clear(struct flv_reader *);

/* Read on from `in`, which may be cut anywhere: the file header first, then tag after tag, each
 * body straight into a packet whose memory grows with the bytes that arrive, not with what
 * DataSize says.  Stops after one tag: call again with the rest.
 *
 * Returns the bytes consumed (0 only if `in` is empty).  *out is NULL, or a complete packet that
 * the caller owns: type, size, body and dts_ms (the 32 bits of the tag) are set, nothing is
 * classified.  An empty body is passed on.  Tags of a type other than 8, 9 and 18 are skipped.
 *
 * ERR_PROTOCOL     no FLV; PreviousTagSize disagrees
 * ERR_TOO_BIG      DataSize above the limit, before anything is allocated for it
 * ERR_UNSUPPORTED  an encrypted tag, or an FLV version other than 1
 * ERR_OUT_OF_MEMORY
 * An error stays: every later call returns it again. */
ssize_t flv_read(struct flv_reader *, struct bytes in, struct avpacket **out);

#endif

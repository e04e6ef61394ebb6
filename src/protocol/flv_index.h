/* flv_index.h - what is known of a recorded FLV file as it grows, for its head to say
 * (protocol/flv_head.h): how long and how large it is, and where its keyframes are.
 *
 * An index has a bound.  When it is full every other keyframe is dropped from it, and from then
 * on every other one that comes is left out. */
#ifndef MILLRACE_PROTOCOL_FLV_INDEX_H
#define MILLRACE_PROTOCOL_FLV_INDEX_H

#include "base/bytes.h"
#include "media/avpacket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLV_INDEX_ENTRY_SIZE  = 18,        /* two AMF numbers */
    FLV_INDEX_METADATA_MAX = 32 * 1024, /* of the publisher's metadata; members beyond are left out */
};

/* Where a file comes from: of files of one run the times can be told from each other exactly. */
struct flv_origin {
    int64_t  wall_ms;    /* since 1970: when its first frame came; 0: not known */
    int64_t  stream_ms;  /* that frame's time on the stream's own timeline */
    uint64_t run;        /* below 2^53; the files of one timeline have the same; 0: not known */
    bool     is_uniform; /* the sequence headers at its front hold for all of it */
};

struct flv_keyframe {
    uint64_t position; /* of its tag in the file */
    uint32_t time_ms;
};

/* One kind of tag, audio or video. */
struct flv_index_kind {
    bool     seen;
    uint32_t codec;    /* enum avcodec, of the first frame */
    uint32_t last_ms;
    uint32_t frame_ms; /* between the last two frames */
    uint64_t size;     /* bytes of bodies */
};

/* A file as it grows.  The members are for reading. */
struct flv_index {
    uint64_t              size;     /* of the file so far */
    struct flv_index_kind audio, video;
    uint8_t               track;    /* of the first video frame: its keyframes are listed */
    bool                  has_keyframe;
    uint32_t              last_keyframe_ms;
    struct flv_keyframe  *keyframes;
    uint32_t              count;
    uint32_t              capacity;
    uint32_t              step;     /* every so many keyframes one is listed */
    uint32_t              passed;   /* since the last that was */
    uint64_t              header_at;  /* the last run of sequence headers that begins with video's */
    uint64_t              header_end;
    uint32_t              header_ms;
    struct flv_origin     origin;
};

/* An empty file whose head has `head_size` bytes. */
void flv_index_init(struct flv_index *, uint32_t capacity, uint64_t head_size);
void flv_index_clear(struct flv_index *);

/* The next tag, classified by avcodec_classify(), with its time in the file. */
void flv_index_add(struct flv_index *, const struct avpacket *, uint32_t time_ms);

/* The same for a tag of which only the start of the body is at hand. */
void flv_index_add_size(struct flv_index *, const struct avpacket *, uint32_t time_ms, uint32_t body_size);

/* Have room for no more than `capacity` keyframes (at least 1). */
void flv_index_thin(struct flv_index *, uint32_t capacity);

/* To the end of the last frame, as far as the one before tells. */
uint64_t flv_index_duration_ms(const struct flv_index *);

#endif

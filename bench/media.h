/* media.h - an FLV file in memory, ready to be published again and again.
 *
 * Read once, then only read, from any thread. */
#ifndef MILLRACE_BENCH_MEDIA_H
#define MILLRACE_BENCH_MEDIA_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct avpacket;

struct media_tag {
    struct avpacket *packet;   /* type and body */
    uint32_t         time_ms;  /* from the first tag on; never goes back */
    uint32_t         stamp_at; /* offset in the body at which a stamp (sei.h) goes; 0: none */
    bool             once;     /* metadata and sequence headers: not repeated with the loop */
};

struct media {
    struct media_tag *tags;
    uint32_t          count;
    uint32_t          length_ms;       /* of one loop: the last frame has its duration too */
    unsigned          nal_length_size; /* 0: no H.264 */
    uint32_t          stamped;         /* tags that take a stamp */
    uint32_t          audio_step_ms;   /* the longest step between two audio frames, 0 without */
    uint32_t          video_step_ms;
    uint64_t          size;            /* bytes of all bodies */
};

enum {
    MEDIA_WHY_SIZE = 200,
};

/* NULL with a sentence in `why` if the file cannot be read, is no FLV, or has no frames. */
struct media *media_load(const char *path, char why[MEDIA_WHY_SIZE]);
void          media_free(struct media *); /* NULL is allowed */

#endif

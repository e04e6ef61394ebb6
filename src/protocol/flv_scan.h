/* flv_scan.h - find out what of an FLV file is whole: for files whose writer was cut off, and for
 * those of whom one wants to know what is in them.
 *
 * The file is fed from its start in pieces of any size.  Of each tag only the first bytes are kept,
 * but for the metadata that a file begins with.  Scanning ends at the first byte that is not as
 * it should be: `index.size` is where the last whole tag ends, and the index lists the keyframes up
 * to there. */
#ifndef MILLRACE_PROTOCOL_FLV_SCAN_H
#define MILLRACE_PROTOCOL_FLV_SCAN_H

#include "protocol/flv_index.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    FLV_SCAN_INDEX_MAX    = 16384,
    FLV_SCAN_METADATA_MAX = 4 * 1024 * 1024,
    FLV_SCAN_LOOK         = 64, /* bytes of a body that tell what it is */
};

struct flv_scan {
    struct flv_index index;
    uint64_t         head_size;     /* up to the first tag that is not the metadata at the front; 0: not there yet */
    uint64_t         tags;          /* whole ones */
    uint8_t         *metadata;      /* of the tag at the front, or NULL; the scan's */
    uint32_t         metadata_size;
    bool             flag_audio;    /* as the file header says */
    bool             flag_video;
    /* flv_scan.c's: */
    uint8_t          state;
    uint8_t          used;          /* bytes in `bytes` */
    uint8_t          bytes[FLV_SCAN_LOOK];
    uint32_t         left;          /* bytes of the state to come */
    uint32_t         body_size;
    uint32_t         metadata_used;
    uint32_t         time_ms;
    uint8_t          type;
    int              error;
    struct avpacket *look;
};

void flv_scan_init(struct flv_scan *);
void flv_scan_clear(struct flv_scan *);

/* Go on with `in`.  0, or ERR_PROTOCOL when the file is broken here, and ever after. */
int flv_scan_feed(struct flv_scan *, struct bytes in);

#endif

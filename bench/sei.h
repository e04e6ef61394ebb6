/* sei.h - the send time of a picture, written into the picture itself.
 *
 * The publisher puts one more NAL unit into each H.264 access unit: supplemental enhancement
 * information of the kind "user data unregistered" (H.264, D.1.7) under a UUID of our own.
 * Servers carry it because they do not look, decoders skip it because they must.  No byte of it
 * after its type is zero, so emulation prevention (7.3.1) never changes its size. */
#ifndef MILLRACE_BENCH_SEI_H
#define MILLRACE_BENCH_SEI_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SEI_NAL_SIZE     = 36,
    SEI_STREAM_MAX   = (1 << 21) - 1,
    SEI_BODY_HEADER  = 5, /* of an FLV video tag of AVC: before its first NAL unit */
};

struct sei_stamp {
    uint64_t time_us;  /* of the machine's monotonic clock, below 2^56 */
    uint64_t sequence; /* of the stream's stamped pictures, from 0, below 2^35 */
    uint32_t stream;   /* the stream's number, at most SEI_STREAM_MAX */
};

/* The whole NAL unit, without a length before it. */
void sei_write(const struct sei_stamp *, uint8_t out[SEI_NAL_SIZE]);

/* Look for a stamp in the first bytes of a video tag's body, whatever is around it. */
bool sei_find(struct bytes head, struct sei_stamp *out);

/* The size in bytes of the lengths before NAL units, which an AVC sequence header (a whole FLV
 * video tag body, FLV 10.1 E.4.3.1; ISO/IEC 14496-15, 5.2.4.1) announces: 1, 2 or 4.
 * ERR_UNSUPPORTED for any other tag, ERR_PROTOCOL if it is cut short. */
int sei_length_size(struct bytes body);

/* Where in this video tag's body a stamp belongs: before its first NAL unit, but behind an
 * access unit delimiter, which must stay first (7.4.1.2.3).  ERR_UNSUPPORTED if the body is no
 * AVC picture, ERR_PROTOCOL if its NAL units do not add up. */
ssize_t sei_place(struct bytes body, unsigned length_size);

#endif

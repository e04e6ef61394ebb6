/* opus.h - what Opus says of its track. */
#ifndef MILLRACE_MEDIA_OPUS_H
#define MILLRACE_MEDIA_OPUS_H

#include "media/track_info.h"

/* An identification header (RFC 7845, 5.1).  The rate is always 48000: the one in the header is that
 * of what was encoded.  0, or ERR_PROTOCOL with *out undefined; *out is zeroed by the caller. */
int opus_read_config(struct bytes head, struct track_info *out);

/* The first byte of a packet (RFC 6716, 3.1): stereo or not, for senders without a header. */
int opus_read_frame(struct bytes frame, struct track_info *out);

#endif

/* flac.h - what a FLAC stream information block says of its track. */
#ifndef MILLRACE_MEDIA_FLAC_H
#define MILLRACE_MEDIA_FLAC_H

#include "media/track_info.h"

/* A STREAMINFO block (RFC 9639, 8.2), bare as FFmpeg sends it, or after its block header and the
 * signature of a native stream.  0, or ERR_PROTOCOL with *out undefined; *out is zeroed by the caller. */
int flac_read_config(struct bytes config, struct track_info *out);

#endif

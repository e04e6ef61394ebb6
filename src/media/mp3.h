/* mp3.h - what an MPEG audio frame says of its track. */
#ifndef MILLRACE_MEDIA_MP3_H
#define MILLRACE_MEDIA_MP3_H

#include "media/track_info.h"

/* The frame header at the start of `frame` (ISO/IEC 11172-3, 2.4.1.3, and 13818-3).
 * 0, or ERR_PROTOCOL with *out undefined. */
int mp3_read_frame(struct bytes frame, struct track_info *out);

#endif

/* ac3.h - what the sync frames of AC-3 and E-AC-3 say of their track. */
#ifndef MILLRACE_MEDIA_AC3_H
#define MILLRACE_MEDIA_AC3_H

#include "media/track_info.h"

/* The sync frame at the start of `frame` (ETSI TS 102 366, 4.3 and E.1.2), and of E-AC-3 the dependent
 * substreams that add channels to it.  0, or ERR_PROTOCOL with *out undefined. */
int ac3_read_frame(struct bytes frame, struct track_info *out);

#endif

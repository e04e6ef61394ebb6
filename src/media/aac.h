/* aac.h - what an AudioSpecificConfig says of its track. */
#ifndef MILLRACE_MEDIA_AAC_H
#define MILLRACE_MEDIA_AAC_H

#include "media/track_info.h"

/* An AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).  Spectral band replication and parametric
 * stereo are known where they are signalled, in either of the two places for that; where
 * they are left for the decoder to find, rate and channels are those of the core.
 * 0, or ERR_PROTOCOL with *out undefined; *out is zeroed by the caller. */
int aac_read_config(struct bytes config, struct track_info *out);

#endif

/* vvc.h - what a VVC decoder configuration says of its track. */
#ifndef MILLRACE_MEDIA_VVC_H
#define MILLRACE_MEDIA_VVC_H

#include "media/track_info.h"

/* A VvcDecoderConfigurationRecord (ISO/IEC 14496-15, 11.2.4.2) with its profile, tier and level; picture
 * size from its first sequence parameter set, or else from the record.
 * 0, or ERR_PROTOCOL with *out undefined; *out is zeroed by the caller. */
int vvc_read_config(struct bytes record, struct track_info *out);

#endif

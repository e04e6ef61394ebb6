/* hevc.h - what an HEVC decoder configuration says of its track. */
#ifndef MILLRACE_MEDIA_HEVC_H
#define MILLRACE_MEDIA_HEVC_H

#include "media/track_info.h"

/* An HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1): all of it from its first sequence
 * parameter set; the frame rate else from the video parameter set or the record itself.
 * 0, or ERR_PROTOCOL with *out undefined; *out is zeroed by the caller. */
int hevc_read_config(struct bytes record, struct track_info *out);

/* A sequence parameter set with its NAL unit header (ITU-T H.265, 7.3.2.2 and E.2.1). */
int hevc_read_sps(struct bytes nal, struct track_info *out);

/* The frame rate that a video parameter set gives (7.3.2.1), if it does. */
int hevc_read_vps(struct bytes nal, struct track_info *out);

#endif

/* h264.h - what an AVC decoder configuration says of its track. */
#ifndef MILLRACE_MEDIA_H264_H
#define MILLRACE_MEDIA_H264_H

#include "media/track_info.h"

/* An AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1), from whose first sequence parameter
 * set everything is taken; a record without one still tells profile and level.
 * 0, or ERR_PROTOCOL with *out undefined; *out is zeroed by the caller. */
int h264_read_config(struct bytes record, struct track_info *out);

/* A sequence parameter set with its NAL unit header (ITU-T H.264, 7.3.2.1.1 and E.1.1). */
int h264_read_sps(struct bytes nal, struct track_info *out);

#endif

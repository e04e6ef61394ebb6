/* av1.h - what AV1 says of its track: in its configuration record and in sequence headers. */
#ifndef MILLRACE_MEDIA_AV1_H
#define MILLRACE_MEDIA_AV1_H

#include "media/track_info.h"

/* An AV1CodecConfigurationRecord (AV1 in ISOBMFF, 2.3.3), or the video descriptor that carries the
 * same in MPEG-2 TS, with the sequence header in its OBUs, if there is one.
 * 0, or ERR_PROTOCOL with *out undefined.  What is not there leaves *out as it was. */
int av1_read_config(struct bytes record, struct track_info *out);

/* The first sequence header among the OBUs of a keyframe (AV1, 5.5), if there is one. */
int av1_read_frame(struct bytes frame, struct track_info *out);

#endif

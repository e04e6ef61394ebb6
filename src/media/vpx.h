/* vpx.h - what VP8 and VP9 say of their track: in a configuration record and in keyframes. */
#ifndef MILLRACE_MEDIA_VPX_H
#define MILLRACE_MEDIA_VPX_H

#include "media/track_info.h"

/* A VPCodecConfigurationRecord (VP codec ISO media file format binding, 2.2), with or without the
 * version and flags that its box has in MP4.  out->codec says which of the two it is.  An empty one
 * says nothing.
 * 0, or ERR_PROTOCOL with *out undefined.  What is not there leaves *out as it was. */
int vpx_read_config(struct bytes record, struct track_info *out);

/* The header of a VP8 keyframe (RFC 6386, 9.1). */
int vpx_read_vp8_frame(struct bytes frame, struct track_info *out);

/* The uncompressed header of a VP9 keyframe (VP9, 6.2); other frames say nothing. */
int vpx_read_vp9_frame(struct bytes frame, struct track_info *out);

#endif

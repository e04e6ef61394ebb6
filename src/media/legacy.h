/* legacy.h - what FLV says itself of the tracks that only FLV carries. */
#ifndef MILLRACE_MEDIA_LEGACY_H
#define MILLRACE_MEDIA_LEGACY_H

#include "media/track_info.h"

/* The rate, size and channels in the first byte of an audio tag (FLV 10.1, E.4.2.1), as far as the format
 * in it does not fix them. */
void legacy_read_sound(uint8_t sound, struct track_info *out);

/* The picture size in the header of a Sorenson H.263, Screen Video or VP6 keyframe; out->codec says which.
 * 0, or ERR_PROTOCOL with *out undefined.  Codecs that say nothing leave *out as it was. */
int legacy_read_keyframe(struct bytes frame, struct track_info *out);

#endif

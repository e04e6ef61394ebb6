/* metadata.h - onMetaData cut down to what a viewer gets who does not get the whole stream.
 *
 * It speaks of the stream's first tracks in names of their own (FLV 10.1, E.5), and of all of them in
 * the track maps of Enhanced RTMP v2.  Players that find hasVideo or a videocodecid wait for a picture. */
#ifndef MILLRACE_PROTOCOL_METADATA_H
#define MILLRACE_PROTOCOL_METADATA_H

#include "media/avpacket.h"
#include "media/multitrack.h"

/* What of one kind is left: of the names of its own, of the map. */
enum metadata_keep {
    METADATA_KEEP_ALL,
    METADATA_KEEP_FIRST, /* the first track: the names, not the map */
    METADATA_KEEP_NONE,  /* another track, or none */
};

struct metadata_view {
    enum metadata_keep   audio;
    enum metadata_keep   video;
    enum multitrack_form form;  /* MULTITRACK_FLV and _CDN: codec ids are FLV's where it has one */
};

/* A new packet with what is left, flagged AV_METADATA, with the time of `packet`; the caller owns it.
 * NULL if it is not AMF0 all through, is broken, or there is no memory: then it is best left as it is. */
struct avpacket *metadata_cut(const struct avpacket *packet, const struct metadata_view *);

#endif

/* flv_head.h - how a recorded FLV file begins, so that players can seek in it.
 *
 * It begins with the FLV header and an onMetaData tag: the publisher's own metadata,
 * and duration, filesize and an index of the keyframes ("keyframes": {"times", "filepositions"},
 * the convention of flvtool and its successors, FLV 10.1 E.5 knows only the first two).  These are
 * known when the file is complete.  So the head is written twice, in the same size: room for
 * `capacity` keyframes is kept by an array of zeros that shrinks as the index grows.
 *
 * In all that follows `metadata` is the body of an onMetaData tag, checked here, or nothing. */
#ifndef MILLRACE_PROTOCOL_FLV_HEAD_H
#define MILLRACE_PROTOCOL_FLV_HEAD_H

#include "protocol/flv_index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a head with this metadata and room for `capacity` keyframes. */
size_t flv_head_size(struct bytes metadata, uint32_t capacity);

/* Write the head for a file that is as far as the index says.  `size` is flv_head_size() of the
 * same metadata and index->capacity. */
void flv_head_write(uint8_t *out, size_t size, struct bytes metadata, const struct flv_index *);

/* How many keyframes a head of `size` bytes has room for; -1 if it is not one of ours. */
int64_t flv_head_capacity(struct bytes metadata, uint64_t size);

/* What a head says of where its file comes from; all is 0 in files of others. */
void flv_head_read_origin(struct bytes metadata, struct flv_origin *out);

/* The last keyframe in the index of a head that is not after `time_ms`.  The position, above 0, is
 * what the file says: it is to be looked at before it is believed.  False if there is none. */
bool flv_head_find_keyframe(struct bytes metadata, uint32_t time_ms, struct flv_keyframe *out);

/* What the publisher had said, without what makes sense for a file only: an onMetaData packet (type,
 * flags, body) that the caller owns; NULL if there is no memory. */
struct avpacket *flv_head_said(struct bytes metadata);

#endif

/* amf_reader.h - what amf.c and amf3.c share of the decoder; nobody else includes it. */
#ifndef MILLRACE_PROTOCOL_AMF_READER_H
#define MILLRACE_PROTOCOL_AMF_READER_H

#include "protocol/amf.h"

enum amf_frame_kind {
    AMF0_OBJECT,        /* keyed, up to an empty key and the end mark */
    AMF0_ECMA_ARRAY,    /* the same, and forgiven for ending with the input */
    AMF0_STRICT_ARRAY,  /* `left` values */
    AMF3_OBJECT,        /* `left` sealed members, then keyed ones if `dynamic` */
    AMF3_ARRAY,         /* keyed up to an empty key, then `left` values */
    AMF3_VALUES,        /* `left` values */
};

/* Set the sticky error; false, so that a reader can return it. */
bool amf_fail(struct amf_reader *, int error);

/* Enter an object or array; false (ERR_TOO_BIG) at AMF_DEPTH_MAX. */
bool amf_enter(struct amf_reader *, struct amf_frame);

/* Read an AMF3 value, its marker first; a container is entered.  One that is to be skipped whole
 * is entered as well, with type AMF_OTHER. */
bool amf3_read_value(struct amf_reader *, struct amf_value *out);

/* Step to the next member of an AMF3 frame: its key, if it has one.  *end is set if there is none. */
bool amf3_read_member(struct amf_reader *, struct amf_frame *, struct bytes *key, bool *end);

#endif

/* amf3.h - AMF3 (Adobe, January 2013) by itself: a reader that starts with it, and a writer.
 *
 * Reading goes on with amf_read() and what amf.h says of it.  Of the three reference tables,
 * strings and traits are followed; a reference to an object is checked and given as AMF_OTHER,
 * which also keeps a circular one from being walked. */
#ifndef MILLRACE_PROTOCOL_AMF3_H
#define MILLRACE_PROTOCOL_AMF3_H

#include "protocol/amf.h"

/* Reads AMF3 values from the first byte on. */
struct amf_reader amf3_reader_over(struct bytes in);

/* Writing.  Strings and traits are written out each time: references are a sender's choice.
 * Objects are dynamic and have no class.  The writer's `overrun` tells of a lack of room, and of
 * a string or count that the format's 28 bits cannot say. */
void amf3_write_number(struct writer *, double);        /* an integer where 29 bits hold it */
void amf3_write_boolean(struct writer *, bool);
void amf3_write_string(struct writer *, const char *);
void amf3_write_string_of(struct writer *, struct bytes);
void amf3_write_null(struct writer *);
void amf3_write_undefined(struct writer *);
void amf3_write_object_start(struct writer *);
void amf3_write_key(struct writer *, const char *);     /* not empty; then one value */
void amf3_write_object_end(struct writer *);
void amf3_write_array_start(struct writer *, uint32_t count);   /* then `count` values, no end */

/* The AMF0 marker that makes the one value after it AMF3 (AMF0, 3.1). */
void amf3_write_switch(struct writer *);

#endif

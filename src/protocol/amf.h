/* amf.h - Action Message Format, versions 0 (2007) and 3 (2013), as RTMP commands and FLV
 * script tags use them.
 *
 * Decoding is pull style over a borrowed run of bytes and never allocates: each call reads
 * one value, and strings point into the input.  An object or an array is entered by reading
 * its opening value, then its members one by one up to AMF_END.  Whatever is not wanted is
 * skipped, checked all the same: depth is bounded by AMF_DEPTH_MAX, so a hostile value costs
 * its own length and no stack.
 *
 * amf3.h has what is particular to AMF3: a reader that starts with it, and its writer. */
#ifndef MILLRACE_PROTOCOL_AMF_H
#define MILLRACE_PROTOCOL_AMF_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define AMF_DEPTH_MAX    16
#define AMF3_STRINGS_MAX 64     /* distinct strings that an AMF3 reference can name */
#define AMF3_TRAITS_MAX  16     /* the same for traits, the classes of AMF3 objects */

enum amf_type {
    AMF_END,          /* the end of the object or array being read */
    AMF_NUMBER,       /* number; AMF3 integer and double alike */
    AMF_BOOLEAN,      /* boolean */
    AMF_STRING,       /* string: AMF0 string, long string, XML; AMF3 string, XML */
    AMF_OBJECT,       /* keyed members follow up to AMF_END; `string` is the class name, often empty */
    AMF_ECMA_ARRAY,   /* the same, `count` is the sender's hint; AMF3: with keyed members, then
                         `count` more without key */
    AMF_STRICT_ARRAY, /* `count` members without keys follow, then AMF_END */
    AMF_NULL,
    AMF_UNDEFINED,    /* undefined and unsupported */
    AMF_DATE,         /* number: milliseconds since 1970 */
    AMF_BYTES,        /* string: AMF3 byte array */
    AMF_OTHER,        /* a value that is valid and skipped whole: references, vectors, dictionaries */
};

struct amf_value {
    enum amf_type type;
    struct bytes  key;     /* within an object or ECMA array; else empty */
    double        number;
    bool          boolean;
    struct bytes  string;
    uint32_t      count;
};

/* An object or array that has been entered; private to the amf files. */
struct amf_frame {
    uint8_t        kind;
    bool           dynamic;     /* AMF3 object: keyed members follow the sealed ones */
    uint32_t       left;        /* members still to come, where a count says so */
    const uint8_t *names;       /* AMF3 object: the name of the next sealed member */
};

/* An AMF3 class: its members' names, in the input. */
struct amf3_trait {
    struct bytes   class_name;
    const uint8_t *names;
    uint32_t       count;
    bool           dynamic;
};

/* Where a decoder is.  Plain data: copy it to look ahead. */
struct amf_reader {
    struct reader     in;
    int               error;    /* sticky: 0, ERR_PROTOCOL, ERR_TOO_BIG or ERR_UNSUPPORTED */
    bool              amf3;     /* top-level values are AMF3 */
    uint8_t           depth;
    struct amf_frame  frames[AMF_DEPTH_MAX];
    uint32_t          string_count; /* AMF3 reference tables: all seen, the first ones kept */
    uint32_t          trait_count;
    uint32_t          object_count;
    struct bytes      strings[AMF3_STRINGS_MAX];
    struct amf3_trait traits[AMF3_TRAITS_MAX];
};

/* Reads AMF0, in which a value may switch to AMF3 (marker 0x11) for itself. */
struct amf_reader amf_reader_over(struct bytes in);

/* Read the next value.  false at the end of the input or after an error (then r->error says
 * which; a value cut short is ERR_PROTOCOL).  Opening an object or array moves into it.
 *
 * ERR_TOO_BIG      nested deeper than AMF_DEPTH_MAX, or a reference beyond the tables above
 * ERR_UNSUPPORTED  an AMF3 externalizable object, whose form only its class knows */
bool amf_read(struct amf_reader *r, struct amf_value *out);

/* Skip what is left of the object or array that was opened last, its AMF_END included. */
void amf_leave(struct amf_reader *r);

/* Read one value and, if it is an object or array, skip its members. */
bool amf_read_flat(struct amf_reader *r, struct amf_value *out);

/* Writing AMF0.  All return nothing: the writer's `overrun` tells. */
void amf_write_number(struct writer *, double);
void amf_write_boolean(struct writer *, bool);
void amf_write_string(struct writer *, const char *);        /* long string above 65535 bytes */
void amf_write_string_of(struct writer *, struct bytes);
void amf_write_null(struct writer *);
void amf_write_undefined(struct writer *);
void amf_write_object_start(struct writer *);
void amf_write_ecma_array_start(struct writer *, uint32_t count);
void amf_write_strict_array_start(struct writer *, uint32_t count);  /* then `count` values, no end */
void amf_write_key(struct writer *, const char *);           /* then one value */
void amf_write_key_of(struct writer *, struct bytes);        /* overruns above 65535 bytes */
void amf_write_object_end(struct writer *);                  /* of an ECMA array too */

#endif

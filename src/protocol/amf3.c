#include "protocol/amf3.h"

#include "base/error.h"
#include "protocol/amf_reader.h"

/* Type markers (AMF3, 3.1). */
enum marker {
    UNDEFINED     = 0x00,
    NULL_VALUE    = 0x01,
    FALSE_VALUE   = 0x02,
    TRUE_VALUE    = 0x03,
    INTEGER       = 0x04,
    DOUBLE        = 0x05,
    STRING        = 0x06,
    XML_DOCUMENT  = 0x07,
    DATE          = 0x08,
    ARRAY         = 0x09,
    OBJECT        = 0x0a,
    XML           = 0x0b,
    BYTE_ARRAY    = 0x0c,
    VECTOR_INT    = 0x0d,
    VECTOR_UINT   = 0x0e,
    VECTOR_DOUBLE = 0x0f,
    VECTOR_OBJECT = 0x10,
    DICTIONARY    = 0x11,
};

enum {
    AMF0_AVMPLUS   = 0x11,
    EMPTY_STRING   = 0x01,      /* as U29: a literal of length 0 */
    DYNAMIC_OBJECT = 0x0b,      /* U29O-traits: literal, not externalizable, dynamic, no sealed members */
    INTEGER_MAX    = 0x0fffffff,
    INTEGER_MIN    = -0x10000000,
};

struct amf_reader amf3_reader_over(struct bytes in)
{
    return (struct amf_reader){ .in = reader_over(in), .amf3 = true };
}

/* A variable-length number of up to 29 bits (1.3.1): seven bits a byte, but all eight of a fourth. */
static uint32_t read_u29(struct reader *in)
{
    uint32_t value = 0;
    for (int i = 0; i < 3; i++) {
        uint32_t byte = (uint32_t)read_be(in, 1);
        value = value << 7 | (byte & 0x7f);
        if (!(byte & 0x80))
            return value;
    }
    return value << 8 | (uint32_t)read_be(in, 1);
}

/* UTF-8-vr (1.3.2).  A literal joins the table (unless it is empty), in the order of the input;
 * `known` says that it has joined already: a class's names are read again for each object. */
static bool read_string(struct amf_reader *r, struct reader *in, bool known, struct bytes *out)
{
    uint32_t head = read_u29(in);
    if (head & 1) {
        *out = read_bytes(in, head >> 1);
        if (in->overrun)
            return amf_fail(r, ERR_PROTOCOL);
        if (known || out->size == 0)
            return true;
        if (r->string_count < AMF3_STRINGS_MAX)
            r->strings[r->string_count] = *out;
        r->string_count++;
        return true;
    }
    if (in->overrun || head >> 1 >= r->string_count)
        return amf_fail(r, ERR_PROTOCOL);
    if (head >> 1 >= AMF3_STRINGS_MAX)
        return amf_fail(r, ERR_TOO_BIG);
    *out = r->strings[head >> 1];
    return true;
}

/* What a new class says of its objects, and the names of its sealed members (3.12). */
static bool define_trait(struct amf_reader *r, uint32_t head, struct amf3_trait *out)
{
    if (head & 4)
        return amf_fail(r, ERR_UNSUPPORTED);
    *out = (struct amf3_trait){ .dynamic = head >> 3 & 1, .count = head >> 4 };
    if (!read_string(r, &r->in, false, &out->class_name))
        return false;
    out->names = r->in.at;
    for (uint32_t i = 0; i < out->count; i++) {
        struct bytes name;
        if (!read_string(r, &r->in, false, &name))
            return false;
    }
    if (r->trait_count < AMF3_TRAITS_MAX)
        r->traits[r->trait_count] = *out;
    r->trait_count++;
    return true;
}

static bool read_trait(struct amf_reader *r, uint32_t head, struct amf3_trait *out)
{
    if (head & 2)
        return define_trait(r, head, out);
    if (head >> 2 >= r->trait_count)
        return amf_fail(r, ERR_PROTOCOL);
    if (head >> 2 >= AMF3_TRAITS_MAX)
        return amf_fail(r, ERR_TOO_BIG);
    *out = r->traits[head >> 2]; /* NOLINT(clang-analyzer-core.*): all below trait_count are set */
    return true;
}

static bool open_object(struct amf_reader *r, uint32_t head, struct amf_value *out)
{
    struct amf3_trait trait;
    if (!read_trait(r, head, &trait))
        return false;
    out->type = AMF_OBJECT;
    out->string = trait.class_name;
    return amf_enter(r, (struct amf_frame){ .kind = AMF3_OBJECT, .dynamic = trait.dynamic,
                                            .left = trait.count, .names = trait.names });
}

static bool open_array(struct amf_reader *r, uint32_t count, struct amf_value *out)
{
    struct reader look = r->in;
    bool          dense = read_u29(&look) == EMPTY_STRING;
    if (look.overrun)
        return amf_fail(r, ERR_PROTOCOL);
    out->count = count;
    out->type = dense ? AMF_STRICT_ARRAY : AMF_ECMA_ARRAY;
    if (dense)
        r->in = look;
    return amf_enter(r, (struct amf_frame){ .kind = dense ? AMF3_VALUES : AMF3_ARRAY, .left = count });
}

/* Vectors and dictionaries are skipped: those of numbers here, the others by being entered. */
static bool open_other(struct amf_reader *r, uint8_t marker, uint32_t count, struct amf_value *out)
{
    struct bytes class_name;
    out->type = AMF_OTHER;
    read_be(&r->in, 1);                     /* fixed size; for a dictionary, weak keys */
    switch (marker) {
    case VECTOR_INT:
    case VECTOR_UINT:
        read_bytes(&r->in, (size_t)count * 4);
        return true;
    case VECTOR_DOUBLE:
        read_bytes(&r->in, (size_t)count * 8);
        return true;
    case VECTOR_OBJECT:
        return read_string(r, &r->in, false, &class_name) &&
               amf_enter(r, (struct amf_frame){ .kind = AMF3_VALUES, .left = count });
    default:
        return amf_enter(r, (struct amf_frame){ .kind = AMF3_VALUES, .left = count * 2 });
    }
}

static double read_double(struct reader *in)
{
    uint64_t bits = read_be(in, 8);
    double   value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The types that a reference to an earlier one can stand for.  Their first number is a
 * reference, or a length or other bits of a literal. */
static bool read_complex(struct amf_reader *r, uint8_t marker, struct amf_value *out)
{
    uint32_t head = read_u29(&r->in);
    if (r->in.overrun)
        return amf_fail(r, ERR_PROTOCOL);
    if (!(head & 1)) {
        out->type = AMF_OTHER;
        return head >> 1 < r->object_count || amf_fail(r, ERR_PROTOCOL);
    }
    r->object_count++;
    switch (marker) {
    case DATE:
        out->type = AMF_DATE;
        out->number = read_double(&r->in);
        return true;
    case XML_DOCUMENT:
    case XML:
    case BYTE_ARRAY:
        out->type = marker == BYTE_ARRAY ? AMF_BYTES : AMF_STRING;
        out->string = read_bytes(&r->in, head >> 1);
        return true;
    case ARRAY:
        return open_array(r, head >> 1, out);
    case OBJECT:
        return open_object(r, head, out);
    default:
        return open_other(r, marker, head >> 1, out);
    }
}

bool amf3_read_value(struct amf_reader *r, struct amf_value *out)
{
    uint8_t marker = (uint8_t)read_be(&r->in, 1);
    switch (marker) {
    case UNDEFINED:
        out->type = AMF_UNDEFINED;
        return true;
    case NULL_VALUE:
        out->type = AMF_NULL;
        return true;
    case FALSE_VALUE:
    case TRUE_VALUE:
        out->type = AMF_BOOLEAN;
        out->boolean = marker == TRUE_VALUE;
        return true;
    case INTEGER: {
        int32_t value = (int32_t)read_u29(&r->in);
        out->type = AMF_NUMBER;
        out->number = value <= INTEGER_MAX ? value : value - 0x20000000;
        return true;
    }
    case DOUBLE:
        out->type = AMF_NUMBER;
        out->number = read_double(&r->in);
        return true;
    case STRING:
        out->type = AMF_STRING;
        return read_string(r, &r->in, false, &out->string);
    default:
        return marker <= DICTIONARY ? read_complex(r, marker, out) : amf_fail(r, ERR_PROTOCOL);
    }
}

bool amf3_read_member(struct amf_reader *r, struct amf_frame *frame, struct bytes *key, bool *end)
{
    if (frame->kind == AMF3_OBJECT && frame->left > 0) {
        struct reader names = { .at = frame->names, .end = r->in.end };
        if (!read_string(r, &names, true, key))
            return false;
        frame->names = names.at;
        frame->left--;
        return true;
    }
    if (frame->kind == AMF3_ARRAY || (frame->kind == AMF3_OBJECT && frame->dynamic)) {
        if (!read_string(r, &r->in, false, key))
            return false;
        if (key->size > 0)
            return true;
        frame->kind = AMF3_VALUES;          /* an empty key ends the keyed ones */
    }
    *end = frame->left == 0;
    if (!*end)
        frame->left--;
    return true;
}

static void write_u29(struct writer *w, uint32_t value)
{
    if (value >= 1u << 21) {
        write_be(w, 0x80 | value >> 22, 1);
        write_be(w, 0x80 | (value >> 15 & 0x7f), 1);
        write_be(w, 0x80 | (value >> 8 & 0x7f), 1);
        write_be(w, value & 0xff, 1);
        return;
    }
    if (value >= 1u << 14)
        write_be(w, 0x80 | value >> 14, 1);
    if (value >= 1u << 7)
        write_be(w, 0x80 | (value >> 7 & 0x7f), 1);
    write_be(w, value & 0x7f, 1);
}

static void write_text(struct writer *w, struct bytes text)
{
    if (text.size > INTEGER_MAX) {
        w->overrun = true;
        return;
    }
    write_u29(w, (uint32_t)text.size << 1 | 1);
    write_bytes(w, text.data, text.size);
}

void amf3_write_number(struct writer *w, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value >= INTEGER_MIN && value <= INTEGER_MAX) {
        int32_t integer = (int32_t)value;
        if (integer == value && !(integer == 0 && bits != 0)) {     /* -0.0 is no integer */
            write_be(w, INTEGER, 1);
            write_u29(w, (uint32_t)integer & 0x1fffffff);
            return;
        }
    }
    write_be(w, DOUBLE, 1);
    write_be(w, bits, 8);
}

void amf3_write_boolean(struct writer *w, bool value)
{
    write_be(w, value ? TRUE_VALUE : FALSE_VALUE, 1);
}

void amf3_write_string(struct writer *w, const char *text)
{
    amf3_write_string_of(w, bytes_of(text));
}

void amf3_write_string_of(struct writer *w, struct bytes text)
{
    write_be(w, STRING, 1);
    write_text(w, text);
}

void amf3_write_null(struct writer *w)
{
    write_be(w, NULL_VALUE, 1);
}

void amf3_write_undefined(struct writer *w)
{
    write_be(w, UNDEFINED, 1);
}

void amf3_write_object_start(struct writer *w)
{
    write_be(w, OBJECT, 1);
    write_be(w, DYNAMIC_OBJECT, 1);
    write_be(w, EMPTY_STRING, 1);           /* its class name */
}

void amf3_write_key(struct writer *w, const char *key)
{
    write_text(w, bytes_of(key));
}

void amf3_write_object_end(struct writer *w)
{
    write_be(w, EMPTY_STRING, 1);
}

void amf3_write_array_start(struct writer *w, uint32_t count)
{
    if (count > INTEGER_MAX) {
        w->overrun = true;
        return;
    }
    write_be(w, ARRAY, 1);
    write_u29(w, count << 1 | 1);
    write_be(w, EMPTY_STRING, 1);           /* no keyed members */
}

void amf3_write_switch(struct writer *w)
{
    write_be(w, AMF0_AVMPLUS, 1);
}

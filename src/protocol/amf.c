#include "protocol/amf.h"

#include "base/error.h"
#include "protocol/amf_reader.h"

/* Type markers (AMF0, 2.1). */
enum marker {
    NUMBER       = 0x00,
    BOOLEAN      = 0x01,
    STRING       = 0x02,
    OBJECT       = 0x03,
    MOVIECLIP    = 0x04,    /* reserved, as RECORDSET is */
    NULL_VALUE   = 0x05,
    UNDEFINED    = 0x06,
    REFERENCE    = 0x07,
    ECMA_ARRAY   = 0x08,
    OBJECT_END   = 0x09,
    STRICT_ARRAY = 0x0a,
    DATE         = 0x0b,
    LONG_STRING  = 0x0c,
    UNSUPPORTED  = 0x0d,
    RECORDSET    = 0x0e,
    XML_DOCUMENT = 0x0f,
    TYPED_OBJECT = 0x10,
    AVMPLUS      = 0x11,
};

struct amf_reader amf_reader_over(struct bytes in)
{
    return (struct amf_reader){ .in = reader_over(in) };
}

bool amf_fail(struct amf_reader *r, int error)
{
    if (r->error == 0)
        r->error = error;
    return false;
}

bool amf_enter(struct amf_reader *r, struct amf_frame frame)
{
    if (r->depth == AMF_DEPTH_MAX)
        return amf_fail(r, ERR_TOO_BIG);
    r->frames[r->depth++] = frame;
    return true;
}

static double read_double(struct reader *in)
{
    uint64_t bits = read_be(in, 8);
    double   value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static struct bytes read_string(struct reader *in, size_t length_size)
{
    return read_bytes(in, read_be(in, length_size));
}

static bool read_amf0_value(struct amf_reader *r, struct amf_value *out)
{
    struct reader *in = &r->in;
    uint8_t        marker = (uint8_t)read_be(in, 1);
    switch (marker) {
    case NUMBER:
        out->type = AMF_NUMBER;
        out->number = read_double(in);
        return true;
    case BOOLEAN:
        out->type = AMF_BOOLEAN;
        out->boolean = read_be(in, 1) != 0;
        return true;
    case STRING:
        out->type = AMF_STRING;
        out->string = read_string(in, 2);
        return true;
    case LONG_STRING:
    case XML_DOCUMENT:
        out->type = AMF_STRING;
        out->string = read_string(in, 4);
        return true;
    case OBJECT:
    case TYPED_OBJECT:
        out->type = AMF_OBJECT;
        if (marker == TYPED_OBJECT)
            out->string = read_string(in, 2);
        return amf_enter(r, (struct amf_frame){ .kind = AMF0_OBJECT });
    case ECMA_ARRAY:
        /* The count is a hint and nothing else: many encoders write 0, or the number of
         * members before they added some. */
        out->type = AMF_ECMA_ARRAY;
        out->count = (uint32_t)read_be(in, 4);
        return amf_enter(r, (struct amf_frame){ .kind = AMF0_ECMA_ARRAY });
    case STRICT_ARRAY:
        out->type = AMF_STRICT_ARRAY;
        out->count = (uint32_t)read_be(in, 4);
        return amf_enter(r, (struct amf_frame){ .kind = AMF0_STRICT_ARRAY, .left = out->count });
    case NULL_VALUE:
        out->type = AMF_NULL;
        return true;
    case UNDEFINED:
    case UNSUPPORTED:
        out->type = AMF_UNDEFINED;
        return true;
    case DATE:
        out->type = AMF_DATE;
        out->number = read_double(in);
        read_be(in, 2);                     /* a time zone, reserved: to be 0 and ignored */
        return true;
    case REFERENCE:
        out->type = AMF_OTHER;
        read_be(in, 2);
        return true;
    case AVMPLUS:
        return amf3_read_value(r, out);
    case MOVIECLIP:
    case RECORDSET:
    case OBJECT_END:                        /* only after an empty key */
    default:
        return amf_fail(r, ERR_PROTOCOL);
    }
}

static bool read_amf0_member(struct amf_reader *r, struct amf_frame *frame, struct bytes *key, bool *end)
{
    if (frame->kind == AMF0_STRICT_ARRAY) {
        *end = frame->left == 0;
        if (!*end)
            frame->left--;
        return true;
    }
    /* Envivio encoders send the array of their metadata without an end. */
    *end = frame->kind == AMF0_ECMA_ARRAY && reader_left(&r->in) == 0;
    if (*end)
        return true;
    *key = read_string(&r->in, 2);
    /* An empty key without the end mark is a member's: ECMAScript permits it. */
    if (key->size == 0 && reader_left(&r->in) > 0 && *r->in.at == OBJECT_END) {
        read_be(&r->in, 1);
        *end = true;
    }
    return !r->in.overrun || amf_fail(r, ERR_PROTOCOL);
}

/* The frame that surrounds the next value: its key, or its end. */
static bool read_member(struct amf_reader *r, struct amf_value *out, bool *amf3, bool *end)
{
    struct amf_frame *frame = &r->frames[r->depth - 1];
    *amf3 = frame->kind >= AMF3_OBJECT;
    return *amf3 ? amf3_read_member(r, frame, &out->key, end)
                 : read_amf0_member(r, frame, &out->key, end);
}

/* One value, in which a container to be skipped is entered as any other. */
static bool step(struct amf_reader *r, struct amf_value *out)
{
    bool amf3 = r->amf3, end = false;
    *out = (struct amf_value){ .type = AMF_END };
    if (r->error < 0 || (r->depth == 0 && reader_left(&r->in) == 0))
        return false;
    if (r->depth > 0 && !read_member(r, out, &amf3, &end))
        return false;
    if (end) {
        r->depth--;
        return true;
    }
    if (!(amf3 ? amf3_read_value(r, out) : read_amf0_value(r, out)))
        return false;
    return !r->in.overrun || amf_fail(r, ERR_PROTOCOL);
}

static bool leave_to(struct amf_reader *r, uint8_t depth)
{
    struct amf_value skipped;
    while (r->depth > depth && step(r, &skipped)) {}
    return r->error == 0;
}

bool amf_read(struct amf_reader *r, struct amf_value *out)
{
    uint8_t depth = r->depth;
    if (step(r, out) && (out->type != AMF_OTHER || leave_to(r, depth)))
        return true;
    *out = (struct amf_value){ .type = AMF_END };
    return false;
}

void amf_leave(struct amf_reader *r)
{
    if (r->depth > 0)
        leave_to(r, r->depth - 1);
}

bool amf_read_flat(struct amf_reader *r, struct amf_value *out)
{
    uint8_t depth = r->depth;
    return amf_read(r, out) && leave_to(r, r->depth > depth ? depth : r->depth);
}

void amf_write_number(struct writer *w, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    write_be(w, NUMBER, 1);
    write_be(w, bits, 8);
}

void amf_write_boolean(struct writer *w, bool value)
{
    write_be(w, BOOLEAN, 1);
    write_be(w, value, 1);
}

void amf_write_string(struct writer *w, const char *text)
{
    amf_write_string_of(w, bytes_of(text));
}

void amf_write_string_of(struct writer *w, struct bytes text)
{
    bool is_long = text.size > UINT16_MAX;
    if (text.size > UINT32_MAX) {
        w->overrun = true;
        return;
    }
    write_be(w, is_long ? LONG_STRING : STRING, 1);
    write_be(w, text.size, is_long ? 4 : 2);
    write_bytes(w, text.data, text.size);
}

void amf_write_null(struct writer *w)
{
    write_be(w, NULL_VALUE, 1);
}

void amf_write_undefined(struct writer *w)
{
    write_be(w, UNDEFINED, 1);
}

void amf_write_object_start(struct writer *w)
{
    write_be(w, OBJECT, 1);
}

void amf_write_ecma_array_start(struct writer *w, uint32_t count)
{
    write_be(w, ECMA_ARRAY, 1);
    write_be(w, count, 4);
}

void amf_write_strict_array_start(struct writer *w, uint32_t count)
{
    write_be(w, STRICT_ARRAY, 1);
    write_be(w, count, 4);
}

void amf_write_key(struct writer *w, const char *key)
{
    amf_write_key_of(w, bytes_of(key));
}

void amf_write_key_of(struct writer *w, struct bytes key)
{
    if (key.size > UINT16_MAX) {
        w->overrun = true;
        return;
    }
    write_be(w, key.size, 2);
    write_bytes(w, key.data, key.size);
}

void amf_write_object_end(struct writer *w)
{
    write_be(w, 0, 2);
    write_be(w, OBJECT_END, 1);
}

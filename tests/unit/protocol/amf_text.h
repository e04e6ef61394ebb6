/* amf_text.h - AMF as a line of text, so that a test says in one string what it expects.
 *
 *   12.5 true "text" null undefined date(5) bytes(2) other      values
 *   {a:1 b:"x"}  Class{...}  ecma2{a:1}  [1 2]                  containers
 *   !-1                                                         the error at which reading stopped */
#ifndef MILLRACE_TESTS_AMF_TEXT_H
#define MILLRACE_TESTS_AMF_TEXT_H

#include "check.h"

#include "protocol/amf3.h"

#include <stdio.h>

#define BYTES(text) ((struct bytes){ (const uint8_t *)(text), sizeof(text) - 1 })

struct amf_text {
    char   text[4096];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static inline void amf_text_add(struct amf_text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->text + t->size, sizeof t->text - t->size, format, args);
    va_end(args);
    CHECK(n >= 0 && (size_t)n < sizeof t->text - t->size);
    t->size += (size_t)n;
}

static inline void amf_text_value(struct amf_text *t, const struct amf_value *v)
{
    int         size = (int)v->string.size;
    const char *string = (const char *)v->string.data;
    switch (v->type) {
    case AMF_END:                                                                          break;
    case AMF_NUMBER:       amf_text_add(t, "%.17g", v->number);                            break;
    case AMF_BOOLEAN:      amf_text_add(t, v->boolean ? "true" : "false");                 break;
    case AMF_STRING:       amf_text_add(t, "\"%.*s\"", size, string);                      break;
    case AMF_OBJECT:       amf_text_add(t, "%.*s{", size, string);                         break;
    case AMF_ECMA_ARRAY:   amf_text_add(t, "ecma%u{", v->count);                           break;
    case AMF_STRICT_ARRAY: amf_text_add(t, "[");                                           break;
    case AMF_NULL:         amf_text_add(t, "null");                                        break;
    case AMF_UNDEFINED:    amf_text_add(t, "undefined");                                   break;
    case AMF_DATE:         amf_text_add(t, "date(%.17g)", v->number);                      break;
    case AMF_BYTES:        amf_text_add(t, "bytes(%d)", size);                             break;
    case AMF_OTHER:        amf_text_add(t, "other");                                       break;
    }
}

/* All that `r` has.  The depth is kept here as well, against the reader's own. */
static inline const char *amf_text_of(struct amf_text *t, struct amf_reader *r)
{
    struct amf_value v;
    char             close[AMF_DEPTH_MAX + 1];
    int              depth = 0;
    *t = (struct amf_text){ .size = 0 };
    while (amf_read(r, &v)) {
        if (v.type == AMF_END) {
            CHECK(depth > 0);
            amf_text_add(t, "%c", close[--depth]);
        } else {
            char last = t->size > 0 ? t->text[t->size - 1] : '{';
            amf_text_add(t, "%s", last == '{' || last == '[' ? "" : " ");
            if (v.key.size > 0)
                amf_text_add(t, "%.*s:", (int)v.key.size, (const char *)v.key.data);
            amf_text_value(t, &v);
            if (v.type == AMF_STRICT_ARRAY)
                close[depth++] = ']';
            if (v.type == AMF_OBJECT || v.type == AMF_ECMA_ARRAY)
                close[depth++] = '}';
        }
        CHECK_EQ(r->depth, depth);
    }
    if (r->error < 0)
        amf_text_add(t, "!%d", r->error);
    else
        CHECK_EQ(depth, 0);
    CHECK(!amf_read(r, &v));        /* an end and an error stay */
    CHECK_EQ(v.type, AMF_END);
    return t->text;
}

/* Read an exact copy of `in` as AMF0 or AMF3. */
static inline const char *amf_text(struct amf_text *t, struct bytes in, bool amf3)
{
    uint8_t          *copy = copy_exact(in.data, in.size);
    struct bytes      exact = { copy, in.size };
    struct amf_reader r = amf3 ? amf3_reader_over(exact) : amf_reader_over(exact);
    amf_text_of(t, &r);
    free(copy);
    return t->text;
}

/* Check the whole of `in`, and that each shorter piece gives a beginning of the same text, then the
 * error for a value cut short unless it ends between two top-level values.  (An ECMA array is
 * forgiven for that, so that its text may close early.) */
static inline void check_amf(struct bytes in, bool amf3, const char *want)
{
    struct amf_text t, part;
    assert_string_equal(amf_text(&t, in, amf3), want);
    for (size_t cut = 0; cut < in.size; cut++) {
        amf_text(&part, (struct bytes){ in.data, cut }, amf3);
        char *error = strstr(part.text, "!-");
        if (error != NULL) {
            if (strcmp(error, "!-1") != 0 && strstr(want, error) == NULL)
                fail_msg("%s at %zu: %s", want, cut, part.text);
            *error = '\0';
        }
        if (strncmp(want, part.text, strlen(part.text)) != 0 && strstr(want, "ecma") == NULL)
            fail_msg("%s at %zu: %s", want, cut, part.text);
    }
}

#endif

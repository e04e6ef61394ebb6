#include "bench/skim_ws.h"

#include "base/error.h"
#include "check.h"

enum { BIG = 0x10002 };

/* Typed from RFC 6455, 5.2: a short frame, an empty one, one cut in two with a ping between its
 * halves, lengths of two and of eight bytes, close. */
static size_t make_stream(uint8_t *out, size_t size)
{
    struct writer w = writer_over(out, size);
    write_bytes(&w, "\x82\x03" "abc", 5);
    write_bytes(&w, "\x82\x00", 2);
    write_bytes(&w, "\x02\x02" "de" "\x89\x02" "hi" "\x80\x01" "f", 11);
    write_bytes(&w, "\x89\x00", 2);
    write_be(&w, 0x827e0080, 4);
    for (unsigned i = 0; i < 0x80; i++)
        write_be(&w, 'g', 1);
    write_be(&w, 0x827f, 2);
    write_be(&w, BIG, 8);
    for (unsigned i = 0; i < BIG; i++)
        write_be(&w, 'h', 1);
    write_bytes(&w, "\x88\x02\x03\xe8", 4);
    CHECK(!w.overrun);
    return writer_size(&w);
}

/* What came, as text: data as it is, control frames in brackets. */
struct seen {
    char     text[64];
    size_t   size;
    uint64_t g, h;
};

static void put(struct seen *seen, const char *text, size_t size)
{
    CHECK(seen->size + size < sizeof seen->text);
    memcpy(seen->text + seen->size, text, size);
    seen->size += size;
}

static void note(struct seen *seen, const struct skim_ws_event *event)
{
    const char *data = (const char *)event->data.data;
    if (event->opcode == 2) {
        for (size_t i = 0; i < event->data.size; i++) {
            seen->g += data[i] == 'g';
            seen->h += data[i] == 'h';
            if (data[i] < 'g')
                put(seen, data + i, 1);
        }
    } else if (event->opcode != 0) {
        put(seen, event->opcode == 9 ? "[9:" : "[8:", 3);
        put(seen, data, event->opcode == 9 ? event->data.size : 0);
        put(seen, "]", 1);
    }
}

static void read_all(struct skim_ws *s, struct bytes in, struct seen *seen)
{
    while (in.size > 0) {
        struct skim_ws_event event;
        ssize_t              n = skim_ws_read(s, in, &event);
        CHECK(n > 0 && (size_t)n <= in.size);
        note(seen, &event);
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static uint8_t stream[BIG + 300];
    size_t         size = make_stream(stream, sizeof stream);
    for (size_t cut = 0; cut <= size; cut += cut > 200 && cut < size - 20 ? 997 : 1) {
        struct skim_ws s = { .got = 0 };
        struct seen    seen = { .size = 0 };
        uint8_t       *a = copy_exact(stream, cut), *b = copy_exact(stream + cut, size - cut);
        read_all(&s, (struct bytes){ a, cut }, &seen);
        read_all(&s, (struct bytes){ b, size - cut }, &seen);
        assert_string_equal(seen.text, "abcde[9:hi]f[9:][8:]");
        CHECK_EQ(seen.g, 0x80);
        CHECK_EQ(seen.h, BIG);
        free(a);
        free(b);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        int     want;
        uint8_t wire[10];
    } cases[] = {
        { ERR_PROTOCOL,    { 0x82, 0x81 } },                                     /* masked */
        { ERR_PROTOCOL,    { 0xc2, 0x01 } },                                     /* a reserved bit */
        { ERR_PROTOCOL,    { 0x89, 126, 0, 126 } },                              /* long ping */
        { ERR_PROTOCOL,    { 0x09, 0 } },                                        /* ping in parts */
        { ERR_PROTOCOL,    { 0x8b, 0 } },                                        /* no such opcode */
        { ERR_UNSUPPORTED, { 0x81, 1 } },                                        /* text */
        { ERR_UNSUPPORTED, { 0x83, 1 } },
        { ERR_PROTOCOL,    { 0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0 } },           /* longer than 2^63 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct skim_ws       s = { .got = 0 };
        struct skim_ws_event event;
        struct bytes         in = { cases[i].wire, sizeof cases[i].wire };
        CHECK_EQ(skim_ws_read(&s, in, &event), cases[i].want);
    }
}

static void test_write_control(void **state)
{
    (void)state;
    uint8_t       out[16];
    struct writer w = writer_over(out, sizeof out);
    skim_ws_write_control(&w, 10, bytes_of("hi"));
    CHECK_EQ(writer_size(&w), 8);
    assert_memory_equal(out, "\x8a\x82\0\0\0\0hi", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_write_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

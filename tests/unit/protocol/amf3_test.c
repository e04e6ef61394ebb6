#include "amf_text.h"

#include "base/error.h"

static void check(struct bytes in, const char *want)
{
    check_amf(in, true, want);
}

/* AMF3 (2013), 3.2 to 3.7, and the U29 table of 1.3.1. */
static void test_simple_values(void **state)
{
    (void)state;
    check(BYTES("\0\x01\x02\x03"), "undefined null false true");
    check(BYTES("\x04\0\x04\x7f\x04\x81\0\x04\xff\x7f"), "0 127 128 16383");
    check(BYTES("\x04\x81\x80\0\x04\xff\xff\x7f\x04\x80\xc0\x80\0"), "16384 2097151 2097152");
    check(BYTES("\x04\xbf\xff\xff\xff\x04\xc0\x80\x80\0\x04\xff\xff\xff\xff"), "268435455 -268435456 -1");
    check(BYTES("\x05\x3f\xf8\0\0\0\0\0\0"), "1.5");
    check(BYTES("\x06\x01\x06\x07" "abc"), "\"\" \"abc\"");
}

static void test_string_references(void **state)
{
    (void)state;
    /* The empty string has no number; a member name and a value share the table. */
    check(BYTES("\x06\x01\x06\x03" "a\x06\x05" "bc\x06\0\x06\x02"), "\"\" \"a\" \"bc\" \"a\" \"bc\"");
    check(BYTES("\x0a\x0b\x01\x03k\x06\0\x01\x06\0"), "{k:\"k\"} \"k\"");
    check(BYTES("\x06\0"), "!-1");
    check(BYTES("\x06\x03" "a\x06\x02"), "\"a\"!-1");
}

static void test_objects(void **state)
{
    (void)state;
    check(BYTES("\x0a\x0b\x01\x01"), "{}");
    check(BYTES("\x0a\x0b\x01\x03" "a\x04\x01\x03" "b\x02\x01"), "{a:1 b:false}");
    /* Class "P" with sealed x and y, twice: the second by reference to its traits. */
    check(BYTES("\x0a\x23\x03P\x03x\x03y\x04\x01\x04\x02" "\x0a\x01\x04\x03\x04\x04"), "P{x:1 y:2} P{x:3 y:4}");
    /* Sealed and dynamic; a sealed name that is a reference. */
    check(BYTES("\x06\x03x\x0a\x1b\x01\0\x04\x01\x03z\x04\x02\x01"), "\"x\" {x:1 z:2}");
    /* A sealed member that is an object of the same class. */
    check(BYTES("\x0a\x13\x03N\x05up\x0a\x01\x01"), "N{up:N{up:null}}");
    check(BYTES("\x0a\x01"), "!-1");                        /* no such traits */
    check(BYTES("\x0a\x07\x03X"), "!-3");                   /* externalizable */
    check(BYTES("\x0a\xff\xff\xff\xfb\x01"), "!-1");        /* 2^25 members announced */
}

static void test_arrays(void **state)
{
    (void)state;
    check(BYTES("\x09\x01\x01"), "[]");
    check(BYTES("\x09\x05\x01\x04\x01\x06\x03" "a"), "[1 \"a\"]");
    check(BYTES("\x09\x05\x03k\x04\x07\x01\x04\x01\x04\x02"), "ecma2{k:7 1 2}");
    check(BYTES("\x09\x03\x01\x09\x03\x01\x01"), "[[null]]");
    check(BYTES("\x09\xbf\xff\xff\xff\x01"), "[!-1");
}

static void test_other_types(void **state)
{
    (void)state;
    check(BYTES("\x08\x01\x42\x6d\x1a\x94\xa2\0\0\0"), "date(1000000000000)");
    check(BYTES("\x07\x09<a/>\x0b\x09<b/>"), "\"<a/>\" \"<b/>\"");
    check(BYTES("\x0c\x05\xff\0"), "bytes(2)");
    check(BYTES("\x0d\x05\0\0\0\0\x01\0\0\0\x02\x01"), "other null");
    check(BYTES("\x0e\x03\x01\xff\xff\xff\xff\x01"), "other null");
    check(BYTES("\x0f\x03\0\x3f\xf0\0\0\0\0\0\0\x01"), "other null");
    check(BYTES("\x10\x05\0\x01\x04\x01\x0a\x0b\x01\x01\x01"), "other null");
    check(BYTES("\x11\x03\0\x06\x03k\x09\x03\x01\x02\x01"), "other null");
    check(BYTES("\x11\x03\0\x11\x03\0\x01\x01\x10\x03\0\x01\x11\x01\0\x01"), "other null");
    check(BYTES("\x12"), "!-1");
    check(BYTES("\x0d\xff\xff\xff\xff\0"), "!-1");
    check(BYTES("\x0f\xff\xff\xff\xff\0"), "!-1");
    check(BYTES("\x10\xff\xff\xff\xff\0\x01"), "!-1");
    check(BYTES("\x11\xff\xff\xff\xff\0"), "!-1");
}

/* Strings within what was skipped have their numbers all the same. */
static void test_references_into_skipped_values(void **state)
{
    (void)state;
    check(BYTES("\x11\x03\0\x06\x03k\x01\x06\0"), "other \"k\"");
    check(BYTES("\x10\x03\0\x03T\x01\x06\0"), "other \"T\"");
}

/* A reference to an object is checked and not followed, even to the object that it is in. */
static void test_object_references(void **state)
{
    (void)state;
    check(BYTES("\x09\x03\x01\x09\0"), "[other]");
    check(BYTES("\x08\x01\0\0\0\0\0\0\0\0\x08\0\x0c\0"), "date(0) other other");
    check(BYTES("\x09\0"), "!-1");
    check(BYTES("\x09\x01\x01\x09\x02"), "[]!-1");
    check(BYTES("\x0c\x01\x0d\x01\0\x11\x01\0\x0a\x0b\x01\x01\x0a\x06\x0a\x08"), "bytes(0) other other {} other!-1");
}

/* The tables end somewhere; what was beyond may be read, but not referred to. */
static void test_string_table_is_bounded(void **state)
{
    (void)state;
    uint8_t       wire[4 * (AMF3_STRINGS_MAX + 1) + 3];
    struct writer w = writer_over(wire, sizeof wire);
    for (int i = 0; i <= AMF3_STRINGS_MAX; i++) {
        write_bytes(&w, "\x06\x05", 2);
        write_be(&w, (uint64_t)(0x3030 + i), 2);
    }
    write_bytes(&w, "\x06\x7e", 2);                         /* number 63, the last one kept */
    struct amf_text t;
    amf_text(&t, (struct bytes){ wire, writer_size(&w) }, true);
    assert_string_equal(strrchr(t.text, ' '), " \"0o\"");
    w.at -= 2;
    write_bytes(&w, "\x06\x81\0", 3);                       /* number 64 */
    amf_text(&t, (struct bytes){ wire, writer_size(&w) }, true);
    assert_string_equal(strchr(t.text, '!'), "!-2");
    w.at -= 2;
    write_bytes(&w, "\x81\x02", 2);                         /* number 65 was never there */
    amf_text(&t, (struct bytes){ wire, writer_size(&w) }, true);
    assert_string_equal(strchr(t.text, '!'), "!-1");
}

static void test_trait_table_is_bounded(void **state)
{
    (void)state;
    uint8_t       wire[3 * (AMF3_TRAITS_MAX + 1) + 2];
    struct writer w = writer_over(wire, sizeof wire);
    for (int i = 0; i <= AMF3_TRAITS_MAX; i++)
        write_bytes(&w, "\x0a\x03\x01", 3);                 /* a class of no members */
    write_bytes(&w, "\x0a\x3d", 2);
    struct amf_text t;
    amf_text(&t, (struct bytes){ wire, sizeof wire }, true);
    assert_null(strchr(t.text, '!'));
    wire[sizeof wire - 1] = 0x41;
    amf_text(&t, (struct bytes){ wire, sizeof wire }, true);
    assert_string_equal(strchr(t.text, '!'), "!-2");
    wire[sizeof wire - 1] = 0x45;
    amf_text(&t, (struct bytes){ wire, sizeof wire }, true);
    assert_string_equal(strchr(t.text, '!'), "!-1");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    static const struct { const char *open; size_t size; } cases[] = {
        { "\x09\x03\x01", 3 }, { "\x0a\x0b\x01\x03" "a", 5 }, { "\x11\x03\0", 3 }, { "\x10\x03\0\x01", 4 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t         wire[5 * (AMF_DEPTH_MAX + 1)];
        struct writer   w = writer_over(wire, sizeof wire);
        struct amf_text t;
        for (int k = 0; k <= AMF_DEPTH_MAX; k++)
            write_bytes(&w, cases[i].open, cases[i].size);
        amf_text(&t, (struct bytes){ wire, writer_size(&w) }, true);
        assert_string_equal(strchr(t.text, '!'), "!-2");
        amf_text(&t, (struct bytes){ wire, writer_size(&w) - cases[i].size }, true);
        assert_string_equal(strchr(t.text, '!'), "!-1");
    }
}

/* The marker of AMF0 switches for one value; the tables serve the whole message. */
static void test_within_amf0(void **state)
{
    (void)state;
    check_amf(BYTES("\x02\0\x01" "f\x11\x0a\x0b\x01\x03k\x06\x03v\x01\x11\x06\0\x05"), false,
              "\"f\" {k:\"v\"} \"k\" null");
    check_amf(BYTES("\x03\0\x01" "a\x11\x09\x03\x01\x04\x01\0\x01" "b\x05\0\0\x09"), false, "{a:[1] b:null}");
    check_amf(BYTES("\x0a\0\0\0\x02\x11\x11\x01\0\x11\x0c\x01"), false, "[other bytes(0)]");
}

static void check_number(double value, const char *want, size_t size)
{
    uint8_t       out[16];
    struct writer w = writer_over(out, sizeof out);
    amf3_write_number(&w, value);
    CHECK_EQ(writer_size(&w), size);
    assert_memory_equal(out, want, size);
}

static void test_writing_numbers(void **state)
{
    (void)state;
    check_number(0, "\x04\0", 2);
    check_number(127, "\x04\x7f", 2);
    check_number(128, "\x04\x81\0", 3);
    check_number(16383, "\x04\xff\x7f", 3);
    check_number(16384, "\x04\x81\x80\0", 4);
    check_number(2097151, "\x04\xff\xff\x7f", 4);
    check_number(2097152, "\x04\x80\xc0\x80\0", 5);
    check_number(268435455, "\x04\xbf\xff\xff\xff", 5);
    check_number(268435456, "\x05\x41\xb0\0\0\0\0\0\0", 9);
    check_number(-1, "\x04\xff\xff\xff\xff", 5);
    check_number(-268435456, "\x04\xc0\x80\x80\0", 5);
    check_number(-268435457, "\x05\xc1\xb0\0\0\x01\0\0\0", 9);
    check_number(1.5, "\x05\x3f\xf8\0\0\0\0\0\0", 9);
    check_number(-0.0, "\x05\x80\0\0\0\0\0\0\0", 9);
    check_number(1e300, "\x05\x7e\x37\xe4\x3c\x88\0\x75\x9c", 9);
    double nan;
    memcpy(&nan, &(uint64_t){ 0x7ff8000000000000 }, sizeof nan);
    check_number(nan, "\x05\x7f\xf8\0\0\0\0\0\0", 9);
}

static void test_writing(void **state)
{
    (void)state;
    static const char want[] =
        "\x11\x0a\x0b\x01\x05ok\x03\x05no\x02\x03" "a\x09\x05\x01\x01\x04\x07\x03s\x06\x05hi\x03u\0\x01";
    uint8_t out[sizeof want - 1];
    for (size_t room = 0; room <= sizeof out; room++) {
        struct writer w = writer_over(out, room);
        amf3_write_switch(&w);
        amf3_write_object_start(&w);
        amf3_write_key(&w, "ok");
        amf3_write_boolean(&w, true);
        amf3_write_key(&w, "no");
        amf3_write_boolean(&w, false);
        amf3_write_key(&w, "a");
        amf3_write_array_start(&w, 2);
        amf3_write_null(&w);
        amf3_write_number(&w, 7);
        amf3_write_key(&w, "s");
        amf3_write_string(&w, "hi");
        amf3_write_key(&w, "u");
        amf3_write_undefined(&w);
        amf3_write_object_end(&w);
        CHECK_EQ(w.overrun, room < sizeof out);
    }
    assert_memory_equal(out, want, sizeof out);
    check_amf(BYTES(want), false, "{ok:true no:false a:[null 7] s:\"hi\" u:undefined}");
}

static void test_writing_too_much(void **state)
{
    (void)state;
    uint8_t       out[16];
    struct writer w = writer_over(out, sizeof out);
    amf3_write_array_start(&w, 0x10000000);
    CHECK(w.overrun);
    w = writer_over(out, sizeof out);
    amf3_write_string_of(&w, (struct bytes){ out, 0x10000000 });
    CHECK(w.overrun);
    w = writer_over(out, sizeof out);
    amf3_write_array_start(&w, 0x0fffffff);
    CHECK(!w.overrun);
    assert_memory_equal(out, "\x09\xff\xff\xff\xff\x01", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple_values),
        cmocka_unit_test(test_string_references),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_references_into_skipped_values),
        cmocka_unit_test(test_object_references),
        cmocka_unit_test(test_string_table_is_bounded),
        cmocka_unit_test(test_trait_table_is_bounded),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_within_amf0),
        cmocka_unit_test(test_writing_numbers),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_writing_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

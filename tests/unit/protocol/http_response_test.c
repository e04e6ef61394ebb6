#include "check.h"

#include "protocol/http.h"

static void test_response(void **state)
{
    (void)state;
    static const char want[] = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
                               "Content-Length: 18446744073709551615\r\n\r\n";
    for (size_t room = 0; room < sizeof want + 4; room++) {
        uint8_t      *out = malloc(room + 1);
        struct writer w = writer_over(out, room);
        http_response_start(&w, 404);
        http_response_header(&w, "Content-Type", "text/plain");
        http_response_header_number(&w, "Content-Length", UINT64_MAX);
        http_response_end(&w);
        CHECK_EQ(w.overrun, room < sizeof want - 1);
        if (!w.overrun)
            CHECK(bytes_equal((struct bytes){ out, writer_size(&w) }, bytes_of(want)));
        free(out);
    }
    static const char *const evil[] = { "a\r\nSet-Cookie: b", "a\nb", "a\x7f", "\x01" };
    for (size_t i = 0; i < COUNT(evil); i++) {
        uint8_t       out[128];
        struct writer w = writer_over(out, sizeof out);
        http_response_header(&w, "Location", evil[i]);
        CHECK(w.overrun);
        CHECK_EQ(writer_size(&w), 0);
    }
    assert_string_equal(http_status_text(431), "Request Header Fields Too Large");
    assert_string_equal(http_status_text(799), "Unknown");
}

static void test_dates(void **state)
{
    (void)state;
    static const struct { int64_t seconds; const char *text; } cases[] = {
        { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110, 5.6.7 */
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { 951827696, "Tue, 29 Feb 2000 12:34:56 GMT" },
        { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *out = malloc(HTTP_DATE_SIZE);
        http_format_date(cases[i].seconds, out);
        assert_string_equal(out, cases[i].text);
        CHECK_EQ(http_parse_date(out), cases[i].seconds);
        free(out);
    }
    static const char *const bad[] = {
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6  Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Xun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1894 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(http_parse_date(bad[i]), -1);
    char out[HTTP_DATE_SIZE];
    http_format_date(INT64_MAX, out);
    assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_format_date(INT64_MIN, out);
    assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

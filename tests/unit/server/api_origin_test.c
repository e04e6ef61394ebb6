#include "check.h"

#include "protocol/http.h"
#include "server/api_origin.h"

#define HEADERS 4

struct request {
    const char        *host;
    struct http_header headers[HEADERS];
};

static struct http_request make(const struct request *from)
{
    struct http_request request = { .host = from->host, .headers = from->headers };
    while (request.header_count < HEADERS && from->headers[request.header_count].name != NULL)
        request.header_count++;
    return request;
}

static void test_changes(void **state)
{
    (void)state;
    static const struct {
        struct request request;
        const char    *allowed;
        bool           may;
    } cases[] = {
        { { "h:8000", { { 0 } } }, "", true }, /* no browser */
        { { "h:8000", { { "Origin", "http://h:8000" } } }, "", true },
        { { "H:8000", { { "origin", "http://h:8000" } } }, "", true },
        { { "h", { { "Origin", "http://h" } } }, "", true },
        { { "h", { { "Origin", "https://h" } } }, "", true }, /* a proxy speaks TLS */
        { { "h:80", { { "Origin", "http://h" } } }, "", true },
        { { "h:443", { { "Origin", "https://h" } } }, "", true },
        { { "[::1]:8000", { { "Origin", "http://[::1]:8000" } } }, "", true },
        { { "h:8000", { { "Origin", "http://h:8001" } } }, "", false },
        { { "h:8000", { { "Origin", "http://h" } } }, "", false },
        { { "h", { { "Origin", "http://h:8000" } } }, "", false },
        { { "h:8000", { { "Origin", "http://evil:8000" } } }, "", false },
        { { "h:8000", { { "Origin", "http://h.evil:8000" } } }, "", false },
        { { "h:8000", { { "Origin", "null" } } }, "", false },
        { { "h:8000", { { "Origin", "" } } }, "", false },
        { { "", { { "Origin", "http://h" } } }, "", false },
        { { "h:8000", { { "Origin", "https://good.example" } } }, "https://good.example", true },
        { { "h:8000", { { "Origin", "https://evil.example" } } }, "https://good.example", false },
        { { "h:8000", { { "Origin", "https://evil.example" } } }, "*", true },
        { { "h:8000", { { "Origin", "null" } } }, "https://good.example", false },
        { { "h:8000", { { "Origin", "http://evil" }, { "Sec-Fetch-Site", "cross-site" } } }, "", false },
        { { "h:8000", { { "Origin", "http://a.h" }, { "Sec-Fetch-Site", "same-site" } } }, "", false },
        { { "x:1", { { "Origin", "https://h" }, { "Sec-Fetch-Site", "same-origin" } } }, "", true },
        { { "h:8000", { { "Sec-Fetch-Site", "none" } } }, "", true },
        { { "h:8000", { { "Sec-Fetch-Site", "cross-site" } } }, "", false },
        { { "h:8000", { { "Sec-Fetch-Site", "cross-site" } } }, "*", false }, /* a form: it has no Origin */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_request request = make(&cases[i].request);
        if (api_origin_may_change(&request, cases[i].allowed) != cases[i].may)
            fail_msg("case %zu", i);
    }
}

static void test_local(void **state)
{
    (void)state;
    static const struct {
        struct request request;
        bool           local;
    } cases[] = {
        { { "localhost", { { 0 } } }, true },
        { { "LocalHost:8000", { { 0 } } }, true },
        { { "millrace.localhost:8000", { { 0 } } }, true },
        { { "127.0.0.1:8000", { { 0 } } }, true },
        { { "[::1]:8000", { { 0 } } }, true },
        { { "192.0.2.7", { { 0 } } }, true },
        { { "", { { 0 } } }, true },
        { { "evil.example:8000", { { 0 } } }, false },
        { { "localhost.evil.example", { { 0 } } }, false },
        { { "127.0.0.1.evil.example", { { 0 } } }, false },
        { { "notlocalhost", { { 0 } } }, false },
        { { "a b", { { 0 } } }, false },
        { { "localhost", { { "X-Forwarded-For", "192.0.2.7" } } }, false },
        { { "localhost", { { "forwarded", "for=192.0.2.7" } } }, false },
        { { "localhost", { { "X-Real-IP", "192.0.2.7" } } }, false },
        { { "localhost", { { "Accept", "*/*" }, { "Via", "1.1 proxy" } } }, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_request request = make(&cases[i].request);
        if (api_origin_is_local(&request) != cases[i].local)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

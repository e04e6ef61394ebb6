#include "check.h"

#include "base/error.h"
#include "net/cidr.h"

static void test_parse_and_format(void **state)
{
    (void)state;
    static const struct {
        const char *text, *formatted; /* NULL: refused */
    } cases[] = {
        { "192.0.2.7", "192.0.2.7" },
        { "192.0.2.7/32", "192.0.2.7" },
        { "192.0.2.0/24", "192.0.2.0/24" },
        { "192.0.2.128/25", "192.0.2.128/25" },
        { "0.0.0.0/0", "0.0.0.0/0" },
        { "128.0.0.0/1", "128.0.0.0/1" },
        { "2001:db8::/32", "2001:db8::/32" },
        { "2001:DB8:0::1/128", "2001:db8::1" },
        { "::/0", "::/0" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
        { "::ffff:192.0.2.7", "192.0.2.7" },
        { "::ffff:192.0.2.0/120", "192.0.2.0/24" },
        { "::ffff:0:0/96", "0.0.0.0/0" },
        { "::/95", "::/95" },
        { "192.0.2.7/24", NULL },
        { "192.0.2.129/25", NULL },
        { "1.0.0.0/0", NULL },
        { "2001:db8::1/64", NULL },
        { "192.0.2.0/33", NULL },
        { "2001:db8::/129", NULL },
        { "192.0.2.0/", NULL },
        { "192.0.2.0/024", NULL },
        { "192.0.2.0/+24", NULL },
        { "192.0.2.0/ 24", NULL },
        { "192.0.2.0/24 ", NULL },
        { "192.0.2.0/24/8", NULL },
        { "192.0.2.0/-1", NULL },
        { "192.0.2.0/1000", NULL },
        { "192.0.2.0/255.255.255.0", NULL },
        { "192.0.2", NULL },
        { "192.0.2.07", NULL },
        { "192.0.2.256", NULL },
        { "", NULL },
        { "/8", NULL },
        { "::1%lo", NULL },
        { "[::1]", NULL },
        { "example.org", NULL },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr c;
        char        text[CIDR_TEXT_SIZE];
        const char *why = NULL;
        char       *exact = (char *)copy_exact(cases[i].text, strlen(cases[i].text) + 1);
        int         result = cidr_parse(exact, &c, &why);
        free(exact);
        CHECK_EQ(result, cases[i].formatted != NULL ? 0 : ERR_INVALID);
        CHECK((why != NULL) == (result != 0));
        if (result != 0)
            continue;
        cidr_format(&c, text);
        assert_string_equal(text, cases[i].formatted);
    }
}

static bool is_in(const char *network, const char *ip)
{
    struct cidr      n;
    const char      *why;
    struct cidr_list list = { &n, 1 };
    CHECK_EQ(cidr_parse(network, &n, &why), 0);
    return cidr_list_has(&list, ip);
}

static void test_contains(void **state)
{
    (void)state;
    static const struct {
        const char *network, *ip;
        bool        in;
    } cases[] = {
        { "192.0.2.0/24", "192.0.2.0", true },      { "192.0.2.0/24", "192.0.2.255", true },
        { "192.0.2.0/24", "192.0.3.0", false },     { "192.0.2.0/24", "192.0.1.255", false },
        { "192.0.2.0/25", "192.0.2.127", true },    { "192.0.2.0/25", "192.0.2.128", false },
        { "192.0.2.7", "192.0.2.7", true },         { "192.0.2.7", "192.0.2.6", false },
        { "0.0.0.0/0", "255.255.255.255", true },   { "0.0.0.0/0", "::1", false },
        { "::/0", "2001:db8::1", true },            { "::/0", "192.0.2.1", false },
        { "::/0", "::ffff:192.0.2.1", false },      { "192.0.2.0/24", "::ffff:192.0.2.1", true },
        { "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "2001:db8::1", "2001:db8::1", true },     { "2001:db8::1", "2001:db8::2", false },
        { "c000:200::/24", "192.0.2.0", false }, /* the same bits, another family */
        { "0.0.0.0/0", "", false },                 { "::/0", "fe80::1%eth0", false },
        { "0.0.0.0/0", "192.0.2.0/24", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (is_in(cases[i].network, cases[i].ip) != cases[i].in)
            fail_msg("%s in %s?", cases[i].ip, cases[i].network);
    struct cidr wide, narrow;
    const char *why;
    CHECK_EQ(cidr_parse("10.0.0.0/8", &wide, &why), 0);
    CHECK_EQ(cidr_parse("10.1.0.0/16", &narrow, &why), 0);
    CHECK(cidr_contains(&wide, &narrow));
    CHECK(!cidr_contains(&narrow, &wide));
    CHECK(!cidr_list_has(&(struct cidr_list){ 0 }, "10.0.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format),
        cmocka_unit_test(test_contains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

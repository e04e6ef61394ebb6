/* Signatures, against those that `openssl dgst -sha256 -hmac` makes. */
#include "check.h"

#include "server/notify_sign.h"

static void test_vectors(void **state)
{
    (void)state;
    static const char long_secret[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
                                      "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"; /* beyond a block */
    static const struct {
        const char *secret;
        int64_t     timestamp_s;
        const char *body, *sign;
    } cases[] = {
        { "kept between us", 1700000000, "{\"action\":\"postPublish\"}", "sha256=42a3aba98e11e102a518dda7945e1d8a68afe7b2576df0455eb815c1e6153673" },
        { "x", 0, "", "sha256=045c61d8e9ff9274e9d6b8afb5207891632db48432629340fe21266c085c9fd1" },
        { long_secret, 1798761600, "\xc3\xa9\xe2\x98\x83", "sha256=a590c24f97392bc5674b6b5e70f6fe81246682871db30c5bd53a173544f3f2a5" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char     sign[NOTIFY_SIGN_SIZE];
        size_t   size = strlen(cases[i].body);
        uint8_t *body = copy_exact(cases[i].body, size);
        notify_sign(cases[i].secret, cases[i].timestamp_s, (struct bytes){ body, size }, sign);
        assert_string_equal(sign, cases[i].sign);
        free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

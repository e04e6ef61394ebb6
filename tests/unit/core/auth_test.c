/* auth_test.c - signs.  The digests were made with OpenSSL's command line, as docs/ACCESS.md has
 * it, and not by our code. */
#include "check.h"

#include "base/error.h"
#include "core/auth.h"
#include "core/config_file.h"

#include <stdio.h>

#define SECRET "b1946ac92492d2347c6235b4d2611184"
#define EXPIRY 1767225600 /* 2026-01-01T00:00:00Z */

#define MD5       "2279bc203d3d149782f82a508e03dc50"
#define MD5_OTHER "5b607c65c404b78330f67abfe880cbd3" /* of the secret "other" */

#define MAC_PLAY    "iLHJSGaonB125Thu7cNNil6s8K-MJQLJmOGxOQ6jPzU"
#define MAC_PUBLISH "wpLJCdjNNU1sAlGpHhtba1yyPaKhOKlV5VIVDNzOKSM"
#define MAC_EVER    "eZmmG9UW778Mlbb-Jq8JsaDhPUjnK6nZ6nkTPPopKsA" /* "any", expiry 0 */
#define MAC_HOST    "8igpnGJkkC_Gwm_qPEqaTSspInrS_6ai7XKTSH4VCz4" /* 192.0.2.7 */
#define MAC_NET     "k_nXzMO8iAbblMwdlMmn-eeUzRl9NV9gkzPcFkbEn_E" /* 192.0.2.0/24 */
#define MAC_NET6    "SDTcRRPQhYuD6vhSl-AiyoEjxCMR-zwBuKJs-iQ2Otc" /* 2001:db8::/56 */
#define MAC_HOST6   "FRZDNwBNJakIPBuyyoObAXzzKU-UUKnQHuUzS9hdG2s" /* 2001:db8::7 */
#define MAC_OTHER   "65xgUu9jijr1Wnvb0mga5HcZlaDgvQrQenPEfW6J3fU" /* of the secret "other" */

static const struct auth_keys keys = { .secrets = { SECRET }, .count = 1, .legacy = true };

/* "" if a viewer at 192.0.2.7 may play /live/s with this query. */
static const char *refusal(const char *query)
{
    size_t              size = strlen(query);
    uint8_t            *exact = copy_exact(query, size);
    struct auth_request request = { AUTH_PLAY, "/live/s", { exact, size }, "192.0.2.7", EXPIRY - 10 };
    const char         *why = auth_refusal(&request, &keys);
    free(exact);
    return why != NULL ? why : "";
}

static void test_queries(void **state)
{
    (void)state;
    static const struct {
        const char *query, *why;
    } cases[] = {
        { "sign=1767225600-" MD5, "" },
        { "a=b&sign=1767225600-" MD5 "&c", "" },
        { "%73ign=1767225600%2d" MD5, "" },
        { "sign=v2.1767225600.play.0." MAC_PLAY, "" },
        { "sign=v2.0.any.0." MAC_EVER, "" },
        { "sign=v2.1767225600.play.32." MAC_HOST, "" },
        { "sign=v2.1767225600.play.24." MAC_NET, "" },

        { "", "a sign is needed" },
        { "signs=1767225600-" MD5, "a sign is needed" },
        { "SIGN=1767225600-" MD5, "a sign is needed" },
        { "sign=1767225600-" MD5 "&sign=1767225600-" MD5, "the sign is given more than once" },
        { "sign=1767225600-" MD5 "&s%69gn=", "the sign is given more than once" },

        { "sign=", "the sign is malformed" },
        { "sign", "the sign is malformed" },
        { "sign=%", "the sign is malformed" },
        { "sign=%00", "the sign is malformed" },
        { "sign=-", "the sign is malformed" },
        { "sign=-" MD5, "the sign is malformed" },
        { "sign=" MD5, "the sign is malformed" },
        { "sign=1767225600", "the sign is malformed" },
        { "sign=1767225600-", "the sign is malformed" },
        { "sign=1767225600-" MD5 "-", "the sign is malformed" },
        { "sign=1767225600--" MD5, "the sign is malformed" },
        { "sign=1767225600-" MD5 "0", "the sign is malformed" },
        { "sign=1767225600-2279bc203d3d149782f82a508e03dc5", "the sign is malformed" },
        { "sign= 1767225600-" MD5, "the sign is malformed" },
        { "sign=+1767225600-" MD5, "the sign is malformed" },
        { "sign=01767225600-" MD5, "the sign is malformed" },
        { "sign=1767225600x-" MD5, "the sign is malformed" }, /* parseInt() takes this */
        { "sign=1767225600.0-" MD5, "the sign is malformed" },
        { "sign=0x69570900-" MD5, "the sign is malformed" },
        { "sign=9999999999999999-" MD5, "the sign is malformed" },
        { "sign=1767225590-1f167714a77de31d358eefa727917eea", "the sign is wrong" },
        { "sign=1767225600-2279BC203D3D149782F82A508E03DC50", "the sign is wrong" }, /* as the original */
        { "sign=1767225600-" MD5_OTHER, "the sign is wrong" },
        { "sign=1767225601-" MD5, "the sign is wrong" },
        { "sign=999999999999999-" MD5, "the sign is wrong" },
        { "sign=0-1f167714a77de31d358eefa727917eea", "the sign has expired" }, /* is right, but for 1970 */

        { "sign=v2.1767225600.publish.0." MAC_PUBLISH, "the sign is for publishing only" },
        { "sign=v2.1767225600.play.0." MAC_PUBLISH, "the sign is wrong" },
        { "sign=v2.1767225600.any.0." MAC_PLAY, "the sign is wrong" },
        { "sign=v2.0.play.0." MAC_PLAY, "the sign is wrong" },
        { "sign=v2.1767225600.play.0." MAC_OTHER, "the sign is wrong" },
        { "sign=v2.1767225600.play.0." MAC_HOST, "the sign is wrong" },
        { "sign=v2.1767225600.play.24." MAC_HOST, "the sign is wrong" },
        { "sign=v2.1767225600.play.32." MAC_NET, "the sign is wrong" },
        { "sign=v2.1767225600.play.33." MAC_HOST, "the sign is wrong" },
        { "sign=v2.1767225600.play.128." MAC_HOST6, "the sign is wrong" },
        { "sign=v2.1767225600.play.129." MAC_HOST, "the sign is malformed" },
        { "sign=v2.1767225600.play.032." MAC_HOST, "the sign is malformed" },
        { "sign=v2.1767225600.play.." MAC_HOST, "the sign is malformed" },
        { "sign=v2.1767225600.play.0." MAC_PLAY "=", "the sign is malformed" },
        { "sign=v2.1767225600.play.0." MAC_PLAY ".", "the sign is malformed" },
        { "sign=v2.1767225600.play.0.", "the sign is malformed" },
        { "sign=v2.1767225600.play.0", "the sign is malformed" },
        { "sign=v2.1767225600.Play.0." MAC_PLAY, "the sign is malformed" },
        { "sign=v2.1767225600.plays.0." MAC_PLAY, "the sign is malformed" },
        { "sign=v2.1767225600..0." MAC_PLAY, "the sign is malformed" },
        { "sign=v2.+1.play.0." MAC_PLAY, "the sign is malformed" },
        { "sign=v2..play.0." MAC_PLAY, "the sign is malformed" },
        { "sign=v2.", "the sign is malformed" },
        { "sign=v2", "the sign is malformed" },
        { "sign=v3.1767225600.play.0." MAC_PLAY, "the sign is malformed" },
        { "sign=V2.1767225600.play.0." MAC_PLAY, "the sign is malformed" },
        /* The last letter has two bits that do not count: "U" and "V" decode alike. */
        { "sign=v2.1767225600.play.0.iLHJSGaonB125Thu7cNNil6s8K-MJQLJmOGxOQ6jPzV", "the sign is wrong" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(refusal(cases[i].query), cases[i].why);
}

/* Every change of a letter, and every cut, makes a good sign bad. */
static void test_changes(void **state)
{
    (void)state;
    static const char *const good[] = { "sign=1767225600-" MD5, "sign=v2.1767225600.play.24." MAC_NET };
    for (size_t i = 0; i < COUNT(good); i++) {
        char   query[128];
        size_t size = strlen(good[i]);
        for (size_t at = 0; at < size; at++) {
            snprintf(query, sizeof query, "%s", good[i]);
            query[at] = query[at] == '1' ? '2' : '1';
            CHECK(refusal(query)[0] != '\0');
            snprintf(query, sizeof query, "%.*s", (int)at, good[i]);
            CHECK(refusal(query)[0] != '\0');
        }
    }
}

/* The last second counts: equal is accepted. */
static void test_expiry(void **state)
{
    (void)state;
    static const char *const signs[] = { "sign=1767225600-" MD5, "sign=v2.1767225600.play.0." MAC_PLAY };
    for (size_t i = 0; i < COUNT(signs); i++) {
        struct auth_request request = { AUTH_PLAY, "/live/s", bytes_of(signs[i]), "192.0.2.7", EXPIRY };
        assert_null(auth_refusal(&request, &keys));
        request.now_s = EXPIRY + 1;
        assert_string_equal(auth_refusal(&request, &keys), "the sign has expired");
    }
}

static const char *refusal_of(enum auth_use use, const char *path, const char *ip, const char *query)
{
    struct auth_request request = { use, path, bytes_of(query), ip, 1 };
    return auth_refusal(&request, &keys);
}

static void test_bounds(void **state)
{
    (void)state;
    /* Node Media Server's form is good for both uses, ours for what it says. */
    assert_null(refusal_of(AUTH_PUBLISH, "/live/s", "192.0.2.7", "sign=1767225600-" MD5));
    assert_null(refusal_of(AUTH_PUBLISH, "/live/s", "::1", "sign=v2.1767225600.publish.0." MAC_PUBLISH));
    assert_null(refusal_of(AUTH_PUBLISH, "/live/s", "::1", "sign=v2.0.any.0." MAC_EVER));
    assert_string_equal(refusal_of(AUTH_PUBLISH, "/live/s", "::1", "sign=v2.1767225600.play.0." MAC_PLAY),
                        "the sign is for playing only");
    /* One stream's is not another's. */
    assert_non_null(refusal_of(AUTH_PLAY, "/live/s2", "192.0.2.7", "sign=1767225600-" MD5));
    assert_non_null(refusal_of(AUTH_PLAY, "/live/t", "192.0.2.7", "sign=v2.1767225600.play.0." MAC_PLAY));
    assert_non_null(refusal_of(AUTH_PLAY, "/Live/s", "192.0.2.7", "sign=v2.1767225600.play.0." MAC_PLAY));
    /* Addresses. */
    assert_null(refusal_of(AUTH_PLAY, "/live/s", "192.0.2.255", "sign=v2.1767225600.play.24." MAC_NET));
    assert_null(refusal_of(AUTH_PLAY, "/live/s", "2001:db8::ff", "sign=v2.1767225600.play.56." MAC_NET6));
    assert_null(refusal_of(AUTH_PLAY, "/live/s", "2001:db8::7", "sign=v2.1767225600.play.128." MAC_HOST6));
    assert_non_null(refusal_of(AUTH_PLAY, "/live/s", "192.0.3.7", "sign=v2.1767225600.play.24." MAC_NET));
    assert_non_null(refusal_of(AUTH_PLAY, "/live/s", "192.0.2.8", "sign=v2.1767225600.play.32." MAC_HOST));
    assert_non_null(
        refusal_of(AUTH_PLAY, "/live/s", "2001:db8:0:100::1", "sign=v2.1767225600.play.56." MAC_NET6));
    assert_non_null(refusal_of(AUTH_PLAY, "/live/s", "", "sign=v2.1767225600.play.24." MAC_NET));
    /* A name of any letters, a secret with a dash. */
    struct auth_keys    dashed = { .secrets = { "s3cret-with-dash" }, .count = 1, .legacy = true };
    struct auth_request request = { AUTH_PLAY, "/live/日本",
                                    bytes_of("sign=1767225600-fec79a9065a44f5484ed78b28820eb81"), "::1", 1 };
    assert_null(auth_refusal(&request, &dashed));
    assert_null(refusal_of(AUTH_PLAY, "/live/日本", "::1",
                           "sign=v2.1767225600.play.0._NO29jt4Sbc2gl0PG8lkNqoR-Gug_YoNtcb59AVl5ts"));
}

static void test_keys(void **state)
{
    (void)state;
    static const char *const by_secret[] = { "sign=1767225600-" MD5, "sign=v2.1767225600.play.0." MAC_PLAY };
    static const char *const by_other[] = { "sign=1767225600-" MD5_OTHER,
                                            "sign=v2.1767225600.play.0." MAC_OTHER };
    struct auth_keys both = { .secrets = { "other", SECRET }, .count = 2, .legacy = true };
    struct auth_keys none = { .legacy = true };
    for (size_t i = 0; i < 2; i++) {
        struct auth_request request = { AUTH_PLAY, "/live/s", bytes_of(by_secret[i]), "::1", 1 };
        assert_null(auth_refusal(&request, &both));
        assert_string_equal(auth_refusal(&request, &none), "the sign is wrong");
        request.query = bytes_of(by_other[i]);
        assert_null(auth_refusal(&request, &both));
        assert_string_equal(auth_refusal(&request, &keys), "the sign is wrong");
    }
    both.legacy = false;
    struct auth_request request = { AUTH_PLAY, "/live/s", bytes_of(by_secret[0]), "::1", 1 };
    assert_string_equal(auth_refusal(&request, &both), "signs of this form are not accepted here");
    request.query = bytes_of(by_secret[1]);
    assert_null(auth_refusal(&request, &both));
}

static void test_signing(void **state)
{
    (void)state;
    static const struct {
        struct auth_grant grant;
        const char       *sign; /* NULL: refused */
    } cases[] = {
        { { AUTH_PLAY, "/live/s", EXPIRY, NULL }, "v2.1767225600.play.0." MAC_PLAY },
        { { AUTH_PUBLISH, "/live/s", EXPIRY, NULL }, "v2.1767225600.publish.0." MAC_PUBLISH },
        { { AUTH_ANY, "/live/s", 0, NULL }, "v2.0.any.0." MAC_EVER },
        { { AUTH_PLAY, "/live/s", EXPIRY, "192.0.2.7" }, "v2.1767225600.play.32." MAC_HOST },
        { { AUTH_PLAY, "/live/s", EXPIRY, "::ffff:192.0.2.7" }, "v2.1767225600.play.32." MAC_HOST },
        { { AUTH_PLAY, "/live/s", EXPIRY, "192.0.2.0/24" }, "v2.1767225600.play.24." MAC_NET },
        { { AUTH_PLAY, "/live/s", EXPIRY, "2001:db8::/56" }, "v2.1767225600.play.56." MAC_NET6 },
        { { AUTH_PLAY, "/live/s", EXPIRY, "2001:db8::7" }, "v2.1767225600.play.128." MAC_HOST6 },
        { { AUTH_PLAY, "/live/s", EXPIRY, "0.0.0.0/0" }, NULL },
        { { AUTH_PLAY, "/live/s", EXPIRY, "192.0.2.7/24" }, NULL },
        { { AUTH_PLAY, "/live/s", EXPIRY, "host" }, NULL },
        { { AUTH_PLAY, "/live/s", -1, NULL }, NULL },
        { { AUTH_PLAY, "/live/s", INT64_C(1000000000000000), NULL }, NULL },
    };
    char sign[AUTH_SIGN_SIZE];
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(auth_sign(&cases[i].grant, SECRET, sign), cases[i].sign != NULL ? 0 : ERR_INVALID);
        if (cases[i].sign != NULL)
            assert_string_equal(sign, cases[i].sign);
    }
    CHECK_EQ(auth_sign(&cases[0].grant, "", sign), ERR_INVALID);
    CHECK_EQ(auth_sign_legacy("/live/s", EXPIRY, SECRET, sign), 0);
    assert_string_equal(sign, "1767225600-" MD5);
    CHECK_EQ(auth_sign_legacy("/live/s", 0, SECRET, sign), ERR_INVALID);
    CHECK_EQ(auth_sign_legacy("/live/s", EXPIRY, "", sign), ERR_INVALID);
}

/* The recipes of the documentation give what it says they do. */
static void test_documentation(void **state)
{
    (void)state;
    char  *text = NULL;
    size_t size = 0;
    CHECK_EQ(config_file_read(SOURCE_DIR "/docs/ACCESS.md", &text, &size), 0);
    assert_non_null(strstr(text, "secret=" SECRET " path=/live/s expiry=1767225600 use=play\n"));
    assert_non_null(strstr(text, "# sign=v2.1767225600.play.0." MAC_PLAY "\n"));
    assert_non_null(strstr(text, "# sign=1767225600-" MD5 " for /live/s"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries), cmocka_unit_test(test_changes), cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_keys),    cmocka_unit_test(test_signing),
        cmocka_unit_test(test_documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

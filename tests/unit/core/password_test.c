/* password_test.c - the hashes were made with OpenSSL's command line (openssl kdf ... SCRYPT); the
 * first is a vector of RFC 7914, 12. */
#include "check.h"

#include "core/password.h"

static const char rfc_7914[] =
    "scrypt:14:8:1:536f6469756d43686c6f72696465:"
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";

static void test_known(void **state)
{
    (void)state;
    CHECK(password_is_hash(rfc_7914));
    CHECK(password_matches(rfc_7914, "pleaseletmein"));
    CHECK(!password_matches(rfc_7914, "pleaseletmeim"));
    CHECK(!password_matches(rfc_7914, ""));
}

static void test_made(void **state)
{
    (void)state;
    char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];
    CHECK_EQ(password_hash("correct horse", one), 0);
    CHECK_EQ(password_hash("correct horse", two), 0);
    CHECK(password_is_hash(one));
    CHECK(strcmp(one, two) != 0);
    CHECK(password_matches(one, "correct horse"));
    CHECK(password_matches(two, "correct horse"));
    CHECK(!password_matches(one, "correct horses"));
}

static void test_what_is_no_hash(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", "secret", "scrypt", "scrypt:", "scrypt:14:8:1", "scrypt:14:8:1:00", "scrypt:14:8:1:00:",
        "scrypt:14:8:1::00000000000000000000000000000000",
        "scrypt:14:8:1:00:000000000000000000000000000000",   /* 15 bytes */
        "scrypt:14:8:1:0:00000000000000000000000000000000",
        "scrypt:14:8:1:00:0000000000000000000000000000000",
        "scrypt:14:8:1:00:0000000000000000000000000000000g",
        "scrypt:14:8:1:00:00000000000000000000000000000000:",
        "scrypt:9:8:1:00:00000000000000000000000000000000",
        "scrypt:20:1:1:00:00000000000000000000000000000000",
        "scrypt:17:8:1:00:00000000000000000000000000000000", /* 128 MiB */
        "scrypt:14:0:1:00:00000000000000000000000000000000",
        "scrypt:14:8:0:00:00000000000000000000000000000000",
        "scrypt:14:8:5:00:00000000000000000000000000000000",
        "scrypt:014:8:1:00:00000000000000000000000000000000",
        "scrypt:-1:8:1:00:00000000000000000000000000000000",
        "scrypt:14:8:1:00:00000000000000000000000000000000 ",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *copy = (char *)copy_exact(cases[i], strlen(cases[i]) + 1);
        CHECK(!password_is_hash(copy));
        CHECK(!password_matches(copy, "secret"));
        free(copy);
    }
    CHECK(password_is_hash("scrypt:16:8:4:00:00000000000000000000000000000000")); /* 64 MiB */
    for (size_t cut = 0; cut < sizeof rfc_7914 - 1; cut++) {
        char *copy = (char *)copy_exact(rfc_7914, cut + 1);
        copy[cut] = '\0';
        size_t hash = cut > 43 ? cut - 43 : 0; /* hexadecimal digits of it */
        CHECK_EQ(password_is_hash(copy), hash >= 32 && hash % 2 == 0);
        free(copy);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    char    one[PASSWORD_TOKEN_SIZE], two[PASSWORD_TOKEN_SIZE], text[PASSWORD_DIGEST_TEXT_SIZE];
    uint8_t digest[PASSWORD_DIGEST_SIZE], back[PASSWORD_DIGEST_SIZE];
    CHECK_EQ(password_make_token(one), 0);
    CHECK_EQ(password_make_token(two), 0);
    CHECK_EQ(strlen(one), PASSWORD_TOKEN_SIZE - 1);
    CHECK(strcmp(one, two) != 0);
    password_digest("abc", digest); /* FIPS 180-2, B.1 */
    password_format_digest(digest, text);
    assert_string_equal(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(password_parse_digest(text, back));
    assert_memory_equal(digest, back, sizeof back);
    CHECK(!password_parse_digest("sha256:ba78", back));
    CHECK(!password_parse_digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", back));
    CHECK(!password_parse_digest(
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad00", back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_what_is_no_hash),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "check.h"

#include "base/error.h"
#include "protocol/rtmp_handshake.h"

#include <stdio.h>

/* The randomness of every test here, and of the captured dialogues. */
static const uint8_t *some_random(void)
{
    static uint8_t random[RTMP_HANDSHAKE_SIZE];
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(i * 13 + 5);
    return random;
}

static ssize_t reply(const uint8_t *said, size_t size, struct rtmp_handshake *handshake, uint8_t *out)
{
    return rtmp_handshake_reply((struct bytes){ said, size }, some_random(), handshake, out);
}

static void fill(uint8_t *out, size_t size, unsigned step, unsigned start)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i * step + start);
}

/* Digest dialogues in both schemas, over deterministic parts.  The digests were computed with
 * `openssl dgst -sha256 -mac HMAC`. */
static const struct digest_case {
    size_t  c1_offset, s1_offset;
    uint8_t c1_digest[32], s1_digest[32], s2_signature[32], c2_signature[32];
} digest_cases[] = {
    {
        .c1_offset = 450,
        .s1_offset = 526,
        .c1_digest = {
            0xcd, 0x09, 0x09, 0xac, 0x8b, 0x04, 0x82, 0xd6, 0xe3, 0x3a, 0x9b, 0x1f, 0xd9, 0x60, 0x73, 0xcc,
            0xc8, 0x73, 0xe4, 0xa3, 0x04, 0xd3, 0x1d, 0xba, 0x6e, 0x77, 0x74, 0x5f, 0xb9, 0x5f, 0x68, 0xd4,
        },
        .s1_digest = {
            0x8e, 0x63, 0x1f, 0x81, 0x8b, 0x45, 0x66, 0x97, 0x66, 0x37, 0xf8, 0x61, 0xeb, 0xf4, 0x40, 0x31,
            0x86, 0x80, 0xfd, 0xc6, 0x6b, 0xee, 0x0c, 0x2b, 0x25, 0x94, 0xd2, 0xcc, 0x32, 0xf6, 0x26, 0xdc,
        },
        .s2_signature = {
            0x1e, 0xe7, 0x21, 0xfa, 0xf7, 0xf2, 0x76, 0x47, 0xaa, 0xe0, 0xa2, 0xac, 0x27, 0x63, 0xb6, 0xef,
            0xc2, 0xe1, 0x66, 0xf0, 0x64, 0x5f, 0x14, 0x55, 0xe1, 0x7d, 0x13, 0x8c, 0x38, 0x96, 0x37, 0xb9,
        },
        .c2_signature = {
            0xe9, 0xe8, 0xb9, 0x43, 0x06, 0xfe, 0xa7, 0x8a, 0x53, 0x45, 0xce, 0x27, 0xea, 0x5f, 0xda, 0xf4,
            0x18, 0xfb, 0xa2, 0xa2, 0xe2, 0xc6, 0x9e, 0x00, 0x65, 0x84, 0x54, 0xbd, 0xe6, 0x68, 0x8f, 0xda,
        },
    },
    {
        .c1_offset = 1486,
        .s1_offset = 1082,
        .c1_digest = {
            0x95, 0x48, 0xef, 0x6c, 0x33, 0x65, 0xcc, 0xd6, 0x9b, 0x80, 0xe1, 0xae, 0xbb, 0x48, 0x3d, 0x0c,
            0xda, 0xfc, 0xab, 0xed, 0x4f, 0x6c, 0x18, 0xb9, 0xbd, 0xfc, 0x25, 0xac, 0x7d, 0xe3, 0xee, 0x04,
        },
        .s1_digest = {
            0x20, 0x59, 0x7f, 0x59, 0x64, 0xec, 0x4b, 0x8e, 0xe0, 0x48, 0xad, 0x5a, 0x7b, 0xad, 0xa4, 0xb2,
            0x99, 0xdc, 0xf9, 0xca, 0x37, 0x1a, 0x77, 0x28, 0xf2, 0xec, 0x10, 0x55, 0x57, 0x83, 0xd9, 0x49,
        },
        .s2_signature = {
            0x9f, 0x47, 0xb0, 0x75, 0x6c, 0x84, 0x86, 0x1d, 0x93, 0x17, 0x1d, 0x14, 0x17, 0xbf, 0x81, 0x4e,
            0x9e, 0xe9, 0x97, 0x23, 0xd7, 0xa3, 0x9a, 0xf4, 0xd7, 0x7e, 0x8e, 0xbe, 0x14, 0xa9, 0xb3, 0xe4,
        },
        .c2_signature = {
            0x17, 0x91, 0x46, 0x40, 0xd1, 0xed, 0xe6, 0xd8, 0xfc, 0xa6, 0x76, 0x77, 0xd1, 0xc0, 0xbe, 0x68,
            0xf4, 0xdd, 0xd3, 0x36, 0x3a, 0xb1, 0x0a, 0xf3, 0x55, 0x6f, 0xcf, 0x4e, 0x00, 0xde, 0x94, 0x41,
        },
    },
};

static void make_request(const struct digest_case *c, uint8_t out[RTMP_HANDSHAKE_REQUEST_SIZE])
{
    static const uint8_t start[8] = { 0, 0, 0x03, 0xe8, 9, 0, 124, 2 };
    out[0] = 3;
    fill(out + 1, RTMP_HANDSHAKE_SIZE, 31, 7);
    memcpy(out + 1, start, sizeof start);
    memcpy(out + 1 + c->c1_offset, c->c1_digest, sizeof c->c1_digest);
}

static void test_digest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(digest_cases); i++) {
        const struct digest_case *c = &digest_cases[i];
        static uint8_t        request[RTMP_HANDSHAKE_REQUEST_SIZE], out[RTMP_HANDSHAKE_REPLY_SIZE];
        static uint8_t        s1[RTMP_HANDSHAKE_SIZE], c2[RTMP_HANDSHAKE_SIZE];
        struct rtmp_handshake handshake;
        make_request(c, request);
        CHECK_EQ(reply(request, sizeof request, &handshake, out), 1537);
        CHECK_EQ(handshake.kind, RTMP_HANDSHAKE_DIGEST);
        CHECK_EQ(out[0], 3);

        memcpy(s1, some_random(), sizeof s1);
        memcpy(s1, "\0\0\0\0\4\5\0\1", 8);
        memcpy(s1 + c->s1_offset, c->s1_digest, 32);
        assert_memory_equal(out + 1, s1, sizeof s1);
        assert_memory_equal(out + 1 + 1536, some_random(), 1504);
        assert_memory_equal(out + 1 + 1536 + 1504, c->s2_signature, 32);

        fill(c2, 1504, 17, 3);
        memcpy(c2 + 1504, c->c2_signature, 32);
        enum rtmp_client_proof proof;
        struct bytes           in = { c2, sizeof c2 };
        CHECK_EQ(rtmp_handshake_finish(in, &handshake, &proof), 1536);
        CHECK_EQ(proof, RTMP_PROOF_SIGNED);
        c2[1535] ^= 1;
        CHECK_EQ(rtmp_handshake_finish(in, &handshake, &proof), 1536);
        CHECK_EQ(proof, RTMP_PROOF_NONE);
        memcpy(c2, out + 1, sizeof c2); /* ffmpeg publishes so: a digest in C1, an echo in C2 */
        CHECK_EQ(rtmp_handshake_finish(in, &handshake, &proof), 1536);
        CHECK_EQ(proof, RTMP_PROOF_ECHO);
    }
}

/* One wrong bit in the digest, and it is a simple handshake. */
static void test_wrong_digest_is_simple(void **state)
{
    (void)state;
    static uint8_t        request[RTMP_HANDSHAKE_REQUEST_SIZE], out[RTMP_HANDSHAKE_REPLY_SIZE];
    struct rtmp_handshake handshake;
    for (size_t i = 0; i < COUNT(digest_cases); i++) {
        make_request(&digest_cases[i], request);
        request[1 + digest_cases[i].c1_offset + 31] ^= 0x80;
        CHECK_EQ(reply(request, sizeof request, &handshake, out), 1537);
        CHECK_EQ(handshake.kind, RTMP_HANDSHAKE_SIMPLE);
    }
}

/* RTMP 1.0, 5.2.2 to 5.2.4. */
static void test_simple(void **state)
{
    (void)state;
    static uint8_t        request[RTMP_HANDSHAKE_REQUEST_SIZE], out[RTMP_HANDSHAKE_REPLY_SIZE];
    static uint8_t        c2[RTMP_HANDSHAKE_SIZE];
    struct rtmp_handshake handshake;
    fill(request, sizeof request, 31, 7);
    memcpy(request, "\3\0\0\1\2\0\0\0\0", 9);
    CHECK_EQ(reply(request, sizeof request, &handshake, out), 1537);
    CHECK_EQ(handshake.kind, RTMP_HANDSHAKE_SIMPLE);
    CHECK_EQ(out[0], 3);
    assert_memory_equal(out + 1, "\0\0\0\0\0\0\0\0", 8);
    assert_memory_equal(out + 1 + 8, some_random() + 8, 1528);
    assert_memory_equal(out + 1 + 1536, request + 1, 1536);

    /* An echo may carry a time of its own in its second word: GStreamer's does. */
    enum rtmp_client_proof proof;
    memcpy(c2, out + 1, sizeof c2);
    memcpy(c2 + 4, "\0\x25\x77\x90", 4);
    CHECK_EQ(rtmp_handshake_finish((struct bytes){ c2, sizeof c2 }, &handshake, &proof), 1536);
    CHECK_EQ(proof, RTMP_PROOF_ECHO);
    memset(c2, 0, sizeof c2);
    CHECK_EQ(rtmp_handshake_finish((struct bytes){ c2, sizeof c2 }, &handshake, &proof), 1536);
    CHECK_EQ(proof, RTMP_PROOF_NONE);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static uint8_t request[RTMP_HANDSHAKE_REQUEST_SIZE], out[RTMP_HANDSHAKE_REPLY_SIZE];
    make_request(&digest_cases[0], request);
    for (size_t cut = 0; cut <= sizeof request; cut++) {
        uint8_t              *copy = copy_exact(request, cut);
        struct rtmp_handshake handshake = { 0 };
        CHECK_EQ(reply(copy, cut, &handshake, out), cut < sizeof request ? 0 : 1537);
        CHECK_EQ(handshake.kind, cut < sizeof request ? RTMP_HANDSHAKE_SIMPLE : RTMP_HANDSHAKE_DIGEST);
        free(copy);
    }
    struct rtmp_handshake handshake = { .kind = RTMP_HANDSHAKE_DIGEST };
    for (size_t cut = 0; cut <= RTMP_HANDSHAKE_SIZE; cut++) {
        uint8_t               *copy = copy_exact(out, cut);
        enum rtmp_client_proof proof;
        struct bytes           in = { copy, cut };
        CHECK_EQ(rtmp_handshake_finish(in, &handshake, &proof), cut < RTMP_HANDSHAKE_SIZE ? 0 : 1536);
        free(copy);
    }
}

/* The version decides at once, before C1 is there (5.2.2). */
static void test_versions(void **state)
{
    (void)state;
    static uint8_t out[RTMP_HANDSHAKE_REPLY_SIZE];
    for (int version = 0; version < 256; version++) {
        int want = 0;
        if (version < 3 || version >= 32)
            want = ERR_PROTOCOL;
        else if (version == 6)
            want = ERR_UNSUPPORTED;
        uint8_t              *first = copy_exact(&(uint8_t){ (uint8_t)version }, 1);
        struct rtmp_handshake handshake;
        CHECK_EQ(reply(first, 1, &handshake, out), want);
        free(first);
    }
    uint8_t               request[RTMP_HANDSHAKE_REQUEST_SIZE] = { 4 };
    struct rtmp_handshake handshake;
    CHECK_EQ(reply(request, sizeof request, &handshake, out), 1537);
    CHECK_EQ(out[0], 3);
}

/* C0, C1 and C2 as real clients sent them to a server with our randomness. */
static void test_captured_clients(void **state)
{
    (void)state;
    static const struct {
        const char              *name;
        enum rtmp_handshake_kind kind;
        enum rtmp_client_proof   proof;
    } cases[] = {
        { "ffmpeg-publish", RTMP_HANDSHAKE_DIGEST, RTMP_PROOF_ECHO },
        { "ffmpeg-play", RTMP_HANDSHAKE_DIGEST, RTMP_PROOF_SIGNED },
        { "rtmpdump", RTMP_HANDSHAKE_SIMPLE, RTMP_PROOF_ECHO },
        { "rtmpdump-swf", RTMP_HANDSHAKE_DIGEST, RTMP_PROOF_SIGNED },
        { "gstreamer", RTMP_HANDSHAKE_SIMPLE, RTMP_PROOF_ECHO },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static uint8_t said[RTMP_HANDSHAKE_REQUEST_SIZE + RTMP_HANDSHAKE_SIZE];
        static uint8_t out[RTMP_HANDSHAKE_REPLY_SIZE];
        char           path[512];
        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/rtmp_handshake/%s", SOURCE_DIR, cases[i].name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        CHECK_EQ(fread(said, 1, sizeof said, file), sizeof said);
        fclose(file);

        struct rtmp_handshake  handshake;
        enum rtmp_client_proof proof;
        CHECK_EQ(reply(said, sizeof said, &handshake, out), 1537);
        CHECK_EQ(handshake.kind, cases[i].kind);
        CHECK_EQ(rtmp_handshake_finish((struct bytes){ said + 1537, 1536 }, &handshake, &proof), 1536);
        CHECK_EQ(proof, cases[i].proof);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_wrong_digest_is_simple),
        cmocka_unit_test(test_simple),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_captured_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

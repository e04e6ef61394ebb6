/* proxy_test.c - PROXY headers: the specification's own examples (2.1, 2.2), what HAProxy and nginx
 * send, every cut, and what is refused. */
#include "check.h"

#include "base/error.h"
#include "net/address.h"
#include "net/proxy.h"

#include <stdio.h>

#define BYTES(text) { text, sizeof(text) - 1 }
#define V2 "\r\n\r\n\0\r\nQUIT\n"

struct wire {
    const char *data;
    size_t      size;
};

/* "192.0.2.1 56324", "local", or "" after an error. */
static ssize_t read_exact(const void *data, size_t size, char *out, size_t out_size)
{
    struct sockaddr_storage client;
    char                    ip[ADDRESS_IP_SIZE];
    uint8_t                *exact = copy_exact(data, size);
    ssize_t                 n = proxy_read((struct bytes){ exact, size }, &client);
    free(exact);
    out[0] = '\0';
    if (n > 0 && client.ss_family == AF_UNSPEC)
        snprintf(out, out_size, "local");
    else if (n > 0) {
        address_format_ip(&client, ip);
        snprintf(out, out_size, "%s %u", ip, address_port(&client));
    }
    return n;
}

static const struct {
    struct wire wire;
    const char *client;
} good[] = {
    { BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255 65535" },
    { BYTES("PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), NULL }, /* as printed there: no address */
    { BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
            "65535\r\n"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535" }, /* 104 of 107 bytes */
    { BYTES("PROXY UNKNOWN\r\n"), "local" },
    { BYTES("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), "local" },
    { BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), "192.168.0.1 56324" },
    { BYTES("PROXY TCP6 2001:db8::1 ::1 1 0\r\n"), "2001:db8::1 1" },
    { BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1 1" },
    /* Version 2 over TCP, IPv4 and IPv6; LOCAL, with and without addresses. */
    { BYTES(V2 "\x21\x11\0\x0c" "\xc0\0\2\1" "\xc6\x33\x64\1" "\xdc\x04" "\x01\xbb"), "192.0.2.1 56324" },
    { BYTES(V2 "\x21\x21\0\x24" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
            "\xdc\x04" "\x01\xbb"), "2001:db8::1 56324" },
    { BYTES(V2 "\x20\0\0\0"), "local" },
    { BYTES(V2 "\x20\x11\0\x0c" "\xc0\0\2\1" "\xc6\x33\x64\1" "\xdc\x04" "\x01\xbb"), "local" },
    { BYTES(V2 "\x21\0\0\0"), "local" },
    /* HAProxy with send-proxy-v2-ssl and crc32c: TLVs behind the addresses. */
    { BYTES(V2 "\x21\x11\0\x1b" "\xc0\0\2\1" "\xc6\x33\x64\1" "\xdc\x04" "\x01\xbb"
            "\x03\0\4\xde\xad\xbe\xef" "\x20\0\5\1\0\0\0\0"), "192.0.2.1 56324" },
    /* UDP and UNIX sockets: nothing that we could use. */
    { BYTES(V2 "\x21\x12\0\x0c" "\xc0\0\2\1" "\xc6\x33\x64\1" "\xdc\x04" "\x01\xbb"), "local" },
    { BYTES(V2 "\x21\x31\0\2" "ab"), "local" },
};

/* Cut anywhere it waits for more; with anything behind it exactly its own bytes are taken. */
static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char client[64], longer[512];
        if (good[i].client == NULL)
            continue;
        size_t size = good[i].wire.size;
        for (size_t cut = 0; cut < size; cut++)
            CHECK_EQ(read_exact(good[i].wire.data, cut, client, sizeof client), 0);
        CHECK_EQ(read_exact(good[i].wire.data, size, client, sizeof client), size);
        assert_string_equal(client, good[i].client);
        memcpy(longer, good[i].wire.data, size);
        memcpy(longer + size, "\x03GET / HTTP/1.1\r\n", 17);
        CHECK_EQ(read_exact(longer, size + 17, client, sizeof client), size);
        assert_string_equal(client, good[i].client);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct wire wire;
        int         error;
    } cases[] = {
        { BYTES("\x03"), ERR_PROTOCOL }, /* RTMP, HTTP and TLS as they begin without a header */
        { BYTES("GET / HTTP/1.1\r\n"), ERR_PROTOCOL },
        { BYTES("\x16\x03\x01"), ERR_PROTOCOL },
        { BYTES("PROXy TCP4"), ERR_PROTOCOL },
        { BYTES("PROXY\tTCP4"), ERR_PROTOCOL },
        { BYTES("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY \r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 host 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 100000\r\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), ERR_PROTOCOL },
        { BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX"), ERR_PROTOCOL },
        { BYTES("PROXY UNKNOWN\n\r\n"), ERR_PROTOCOL },
        { BYTES(V2 "\x11"), ERR_PROTOCOL },
        { BYTES(V2 "\x22"), ERR_PROTOCOL },
        { BYTES(V2 "\x21\x11\x0f\xf1"), ERR_TOO_BIG }, /* 16 + 4081 */
        { BYTES(V2 "\x20\x00\xff\xff"), ERR_TOO_BIG },
        { BYTES(V2 "\x21\x11\0\x0b" "\xc0\0\2\1" "\xc6\x33\x64\1" "\xdc\x04" "\x01"), ERR_PROTOCOL },
        { BYTES(V2 "\x21\x21\0\x0c" "\xc0\0\2\1" "\xc6\x33\x64\1" "\xdc\x04" "\x01\xbb"), ERR_PROTOCOL },
        { BYTES("\r\n\r\n\0\r\nQUIX"), ERR_PROTOCOL },
    };
    char client[64];
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(read_exact(cases[i].wire.data, cases[i].wire.size, client, sizeof client), cases[i].error);
}

/* A line of 107 bytes is the longest; one whose end can no longer come in time is none. */
static void test_long_lines(void **state)
{
    (void)state;
    char line[200], client[64];
    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    for (size_t size = 20; size < sizeof line; size++) {
        CHECK_EQ(read_exact(line, size, client, sizeof client), size < 106 ? 0 : ERR_PROTOCOL);
        memcpy(line + size - 2, "\r\n", 2);
        CHECK_EQ(read_exact(line, size, client, sizeof client), size <= 107 ? (ssize_t)size : ERR_PROTOCOL);
        memset(line + size - 2, 'x', 2);
    }
    uint8_t big[PROXY_SIZE_MAX + 1] = { 0 };
    memcpy(big, V2 "\x20\0\x0f\xf0", 16); /* as large as may be */
    CHECK_EQ(read_exact(big, PROXY_SIZE_MAX - 1, client, sizeof client), 0);
    CHECK_EQ(read_exact(big, PROXY_SIZE_MAX + 1, client, sizeof client), PROXY_SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

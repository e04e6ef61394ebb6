#include "net/proxy.h"

#include "base/error.h"
#include "net/address.h"

#include <stdbool.h>
#include <string.h>

/* Version 1, a line: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n". */

#define V1_LINE_MAX 107 /* with its end (2.1) */

static const char v1_start[6] = { 'P', 'R', 'O', 'X', 'Y', ' ' };

/* The next word of `line`, up to a single space or the end. */
static struct bytes take_word(struct bytes *line)
{
    const uint8_t *space = line->size > 0 ? memchr(line->data, ' ', line->size) : NULL;
    struct bytes   word = { line->data, space != NULL ? (size_t)(space - line->data) : line->size };
    size_t         used = word.size + (space != NULL);
    line->data += used;
    line->size -= used;
    return word;
}

/* Digits without a zero in front, up to 65535; -1 for anything else. */
static int parse_port(struct bytes word)
{
    int port = 0;
    if (word.size == 0 || word.size > 5 || (word.data[0] == '0' && word.size > 1))
        return -1;
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return -1;
        port = port * 10 + (word.data[i] - '0');
    }
    return port <= 65535 ? port : -1;
}

static bool parse_address(struct bytes word, int family, int port, struct sockaddr_storage *out)
{
    char      text[ADDRESS_IP_SIZE];
    socklen_t size;
    if (word.size >= sizeof text || port < 0 || (word.size > 0 && memchr(word.data, '\0', word.size) != NULL))
        return false;
    if (word.size > 0)
        memcpy(text, word.data, word.size);
    text[word.size] = '\0';
    return address_parse(text, (uint16_t)port, out, &size) == 0 && out->ss_family == family;
}

/* What follows "PROXY " on the line. */
static int parse_line(struct bytes line, struct sockaddr_storage *client)
{
    struct sockaddr_storage source, destination;
    struct bytes            protocol = take_word(&line);
    bool                    v6 = bytes_equal(protocol, bytes_of("TCP6"));
    int                     family = v6 ? AF_INET6 : AF_INET;
    if (bytes_equal(protocol, bytes_of("UNKNOWN"))) { /* whatever else it says is to be ignored */
        *client = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
        return 0;
    }
    if (!v6 && !bytes_equal(protocol, bytes_of("TCP4")))
        return ERR_PROTOCOL;
    struct bytes from = take_word(&line), to = take_word(&line);
    int          from_port = parse_port(take_word(&line));
    int          to_port = parse_port(line); /* the last word: no space behind it */
    if (!parse_address(from, family, from_port, &source) || !parse_address(to, family, to_port, &destination))
        return ERR_PROTOCOL;
    *client = source;
    return 0;
}

static ssize_t read_v1(struct bytes in, struct sockaddr_storage *client)
{
    size_t         seen = in.size < V1_LINE_MAX ? in.size : V1_LINE_MAX;
    const uint8_t *end = memchr(in.data, '\r', seen);
    size_t         size = end != NULL ? (size_t)(end - in.data) : seen;
    if (memchr(in.data, '\n', size) != NULL || (end == NULL && seen == V1_LINE_MAX))
        return ERR_PROTOCOL;
    if (end == NULL || size + 1 == in.size)
        return size + 1 < V1_LINE_MAX ? 0 : ERR_PROTOCOL;
    if (in.data[size + 1] != '\n' || size + 2 > V1_LINE_MAX)
        return ERR_PROTOCOL;
    struct bytes line = { in.data + sizeof v1_start, size - sizeof v1_start };
    int          error = parse_line(line, client);
    return error != 0 ? error : (ssize_t)size + 2;
}

/* Version 2, binary:
 *
 *     signature (12), version and command (1), family and transport (1), length (2),
 *     then length bytes: source and destination address, source and destination port, TLVs */

static const char v2_start[12] = { '\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n' };

enum { V2_LOCAL = 0x20, V2_PROXY = 0x21, V2_TCP4 = 0x11, V2_TCP6 = 0x21 };

static bool read_ipv4(struct reader *r, struct sockaddr_storage *out)
{
    struct sockaddr_in *to = (struct sockaddr_in *)out;
    struct bytes        source = read_bytes(r, 4), port = { 0 };
    read_bytes(r, 4);
    port = read_bytes(r, 2);
    read_bytes(r, 2);
    if (r->overrun)
        return false;
    to->sin_family = AF_INET;
    memcpy(&to->sin_addr, source.data, 4);
    memcpy(&to->sin_port, port.data, 2);
    return true;
}

static bool read_ipv6(struct reader *r, struct sockaddr_storage *out)
{
    struct sockaddr_in6 *to = (struct sockaddr_in6 *)out;
    struct bytes         source = read_bytes(r, 16), port = { 0 };
    read_bytes(r, 16);
    port = read_bytes(r, 2);
    read_bytes(r, 2);
    if (r->overrun)
        return false;
    to->sin6_family = AF_INET6;
    memcpy(&to->sin6_addr, source.data, 16);
    memcpy(&to->sin6_port, port.data, 2);
    return true;
}

static ssize_t read_v2(struct bytes in, struct sockaddr_storage *client)
{
    struct reader r = reader_over(in);
    read_bytes(&r, sizeof v2_start);
    uint8_t command = (uint8_t)read_be(&r, 1);
    if (!r.overrun && command != V2_LOCAL && command != V2_PROXY)
        return ERR_PROTOCOL;
    uint8_t kind = (uint8_t)read_be(&r, 1);
    size_t  length = (size_t)read_be(&r, 2);
    if (!r.overrun && sizeof v2_start + 4 + length > PROXY_SIZE_MAX)
        return ERR_TOO_BIG;
    struct reader           body = reader_over(read_bytes(&r, length));
    struct sockaddr_storage source = { .ss_family = AF_UNSPEC };
    if (r.overrun)
        return 0;
    if (command == V2_PROXY && kind == V2_TCP4 && !read_ipv4(&body, &source))
        return ERR_PROTOCOL;
    if (command == V2_PROXY && kind == V2_TCP6 && !read_ipv6(&body, &source))
        return ERR_PROTOCOL;
    *client = source;
    return r.at - in.data;
}

static bool begins_like(struct bytes in, const char *start, size_t size)
{
    size_t compared = in.size < size ? in.size : size;
    return compared == 0 || memcmp(in.data, start, compared) == 0;
}

ssize_t proxy_read(struct bytes in, struct sockaddr_storage *client)
{
    bool v1 = begins_like(in, v1_start, sizeof v1_start);
    bool v2 = begins_like(in, v2_start, sizeof v2_start);
    if (!v1 && !v2)
        return ERR_PROTOCOL;
    if (in.size < (v1 ? sizeof v1_start : sizeof v2_start))
        return 0;
    return v1 ? read_v1(in, client) : read_v2(in, client);
}

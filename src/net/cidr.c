#include "net/cidr.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static unsigned bits_max(const struct cidr *c)
{
    return c->v6 ? 128 : 32;
}

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
static void unmap(struct cidr *c)
{
    if (!c->v6 || c->bits < 96 || memcmp(c->address, mapped_prefix, sizeof mapped_prefix) != 0)
        return;
    c->v6 = false;
    c->bits -= 96;
    memmove(c->address, c->address + 12, 4);
    memset(c->address + 4, 0, 12);
}

static int parse_address(const char *text, struct cidr *c)
{
    *c = (struct cidr){ 0 };
    if (inet_pton(AF_INET, text, c->address) == 1) {
        c->bits = 32;
        return 0;
    }
    if (inet_pton(AF_INET6, text, c->address) != 1)
        return ERR_INVALID;
    c->v6 = true;
    c->bits = 128;
    return 0;
}

int cidr_of_ip(const char *ip, struct cidr *out)
{
    struct cidr c;
    if (parse_address(ip, &c) != 0)
        return ERR_INVALID;
    unmap(&c);
    *out = c;
    return 0;
}

/* One to three digits without a zero in front, up to `max`; -1 for anything else. */
static int parse_bits(const char *text, unsigned max)
{
    size_t   size = strlen(text);
    unsigned bits = 0;
    if (size == 0 || size > 3 || (text[0] == '0' && size > 1))
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        bits = bits * 10 + (unsigned)(*text - '0');
    }
    return bits <= max ? (int)bits : -1;
}

static int refuse(const char **why, const char *phrase)
{
    *why = phrase;
    return ERR_INVALID;
}

int cidr_parse(const char *text, struct cidr *out, const char **why)
{
    char        address[ADDRESS_IP_SIZE];
    struct cidr c;
    size_t      size = strcspn(text, "/");
    if (size >= sizeof address)
        return refuse(why, "is no IPv4 or IPv6 network");
    memcpy(address, text, size);
    address[size] = '\0';
    if (parse_address(address, &c) != 0)
        return refuse(why, "is no IPv4 or IPv6 network");
    if (text[size] == '/') {
        int         bits = parse_bits(text + size + 1, bits_max(&c));
        struct cidr whole = c;
        if (bits < 0)
            return refuse(why, "has a prefix length that is none");
        cidr_truncate(&c, (unsigned)bits);
        if (memcmp(c.address, whole.address, sizeof c.address) != 0)
            return refuse(why, "has an address that is longer than its prefix");
    }
    unmap(&c);
    *out = c;
    return 0;
}

bool cidr_truncate(struct cidr *c, unsigned bits)
{
    if (bits > c->bits)
        return false;
    c->bits = (uint8_t)bits;
    for (unsigned i = 0; i < sizeof c->address; i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
        if (kept < 8)
            c->address[i] &= (uint8_t)(0xff00 >> kept);
    }
    return true;
}

void cidr_format(const struct cidr *c, char out[CIDR_TEXT_SIZE])
{
    inet_ntop(c->v6 ? AF_INET6 : AF_INET, c->address, out, ADDRESS_IP_SIZE);
    size_t used = strlen(out);
    if (c->bits < bits_max(c))
        snprintf(out + used, CIDR_TEXT_SIZE - used, "/%u", c->bits);
}

bool cidr_contains(const struct cidr *network, const struct cidr *part)
{
    struct cidr shortened = *part;
    return network->v6 == part->v6 && cidr_truncate(&shortened, network->bits) &&
           memcmp(shortened.address, network->address, sizeof shortened.address) == 0;
}

bool cidr_list_has(const struct cidr_list *list, const char *ip)
{
    struct cidr address;
    if (list->count == 0 || cidr_of_ip(ip, &address) != 0)
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (cidr_contains(&list->items[i], &address))
            return true;
    return false;
}

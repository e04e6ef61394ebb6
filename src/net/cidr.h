/* cidr.h - networks, as in 192.0.2.0/24 and 2001:db8::/32, and lists of them.
 *
 * IPv4 and IPv6 are kept apart: ::/0 holds no IPv4 address.  An IPv4-mapped IPv6 address
 * (::ffff:192.0.2.1) is the IPv4 address, as everywhere in Millrace. */
#ifndef MILLRACE_NET_CIDR_H
#define MILLRACE_NET_CIDR_H

#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address, "/128" and the end mark. */
#define CIDR_TEXT_SIZE (ADDRESS_IP_SIZE + 4)

struct cidr {
    uint8_t address[16]; /* network order; IPv4 in the first four bytes; 0 behind the prefix */
    uint8_t bits;        /* of the prefix */
    bool    v6;
};

struct cidr_list {
    struct cidr *items; /* owned */
    size_t       count;
};

/* An address, or an address with "/bits" behind it and no bits set beyond those.  0; or ERR_INVALID,
 * *out unchanged and *why a static phrase such as "is no network". */
int cidr_parse(const char *text, struct cidr *out, const char **why);

/* A network of one address.  0 or ERR_INVALID. */
int cidr_of_ip(const char *ip, struct cidr *out);

/* Shorten the prefix to `bits`.  false, and nothing changed, if it is shorter already. */
bool cidr_truncate(struct cidr *, unsigned bits);

/* "192.0.2.0/24", or the address alone where the network is one. */
void cidr_format(const struct cidr *, char out[CIDR_TEXT_SIZE]);

bool cidr_contains(const struct cidr *network, const struct cidr *part);

/* Whether any of them holds `ip`; false for what is no address. */
bool cidr_list_has(const struct cidr_list *, const char *ip);

#endif

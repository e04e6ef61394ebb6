/* proxy.h - the PROXY protocol, versions 1 and 2: what a proxy says of its client in front of the
 * client's own bytes (HAProxy's "The PROXY protocol", 2.1 and 2.2).
 *
 * Only the client's address is taken; the TLVs of version 2 are passed over.  Pure; it lives here
 * and not in protocol/ for the sake of struct sockaddr. */
#ifndef MILLRACE_NET_PROXY_H
#define MILLRACE_NET_PROXY_H

#include "base/bytes.h"

#include <sys/socket.h>
#include <sys/types.h>

/* Of a header that is accepted.  Those with a client's certificate in them have some 2 KiB. */
#define PROXY_SIZE_MAX 4096

/* Read the header that a connection begins with.  Returns the bytes consumed, exactly those of the
 * header, and sets *client to the client's address; to AF_UNSPEC if the connection is the proxy's
 * own (LOCAL), or if it does not know, or was not asked over TCP.  0 if `in` ends inside of the
 * header; ERR_PROTOCOL if it is none; ERR_TOO_BIG above PROXY_SIZE_MAX. */
ssize_t proxy_read(struct bytes in, struct sockaddr_storage *client);

#endif

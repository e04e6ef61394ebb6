/* address.h - socket addresses as text and back. */
#ifndef MILLRACE_NET_ADDRESS_H
#define MILLRACE_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/* An IPv6 address without zone, with its end mark. */
#define ADDRESS_IP_SIZE INET6_ADDRSTRLEN

/* The numeric IP address, an IPv4-mapped one as IPv4. */
void address_format_ip(const struct sockaddr_storage *, char out[ADDRESS_IP_SIZE]);

uint16_t address_port(const struct sockaddr_storage *);

/* A numeric IPv4 or IPv6 address and a port.  0 or ERR_INVALID. */
int address_parse(const char *ip, uint16_t port, struct sockaddr_storage *out, socklen_t *size);

#endif

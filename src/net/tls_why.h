/* tls_why.h - OpenSSL's errors in words, and a log line for failed handshakes that no peer can
 * make a flood of. */
#ifndef MILLRACE_NET_TLS_WHY_H
#define MILLRACE_NET_TLS_WHY_H

#include <stdbool.h>

/* "TLS: " and the cause that OpenSSL's queue of this thread names, which it empties.  The caller
 * frees it. */
char *tls_why_new(void);

/* Say that the connection on `fd` failed, in its handshake or later.  A handshake's failure is
 * what an operator looks for when an encoder cannot connect: one a second is logged. */
void tls_why_log(int fd, bool in_handshake, const char *why);

#endif

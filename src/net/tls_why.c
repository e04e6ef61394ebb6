#include "net/tls_why.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/address.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#define LOG_EVERY_MS 1000

/* A received alert has this added to its number (openssl/sslerr.h). */
#define is_alert(reason) ((reason) >= SSL_AD_REASON_OFFSET && (reason) < SSL_AD_REASON_OFFSET + 256)

/* The first error is the cause, the others its consequences; but what TLS calls it says more
 * than what a cipher does. */
static unsigned long take_cause(void)
{
    unsigned long first = ERR_get_error(), error = first;
    while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL)
        error = ERR_get_error();
    ERR_clear_error();
    return error != 0 ? error : first;
}

char *tls_why_new(void)
{
    char          text[128];
    unsigned long error = take_cause();
    int           reason = ERR_GET_REASON(error);
    const char   *words = error != 0 ? ERR_reason_error_string(error) : NULL;
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && is_alert(reason))
        snprintf(text, sizeof text, "TLS: the peer's alert: %s",
                 SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    else
        snprintf(text, sizeof text, "TLS: %s", words != NULL ? words : "broken");
    return alloc_string(text);
}

/* Whether this line may go out now; if so, how many were not since the last. */
static bool may_log(unsigned *unsaid_out)
{
    static atomic_uint_fast64_t last_ms;
    static atomic_uint          unsaid;
    uint_fast64_t               last = atomic_load(&last_ms), now = clock_monotonic_ms();
    if ((last != 0 && now - last < LOG_EVERY_MS) || !atomic_compare_exchange_strong(&last_ms, &last, now)) {
        atomic_fetch_add(&unsaid, 1);
        return false;
    }
    *unsaid_out = atomic_exchange(&unsaid, 0);
    return true;
}

static void address_of(int fd, char ip[ADDRESS_IP_SIZE])
{
    struct sockaddr_storage peer = { 0 };
    socklen_t               size = sizeof peer;
    ip[0] = '\0';
    if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
        address_format_ip(&peer, ip);
}

void tls_why_log(int fd, bool in_handshake, const char *why)
{
    char     ip[ADDRESS_IP_SIZE];
    unsigned unsaid;
    if (!in_handshake || !log_enabled(LOG_LEVEL_INFO) || !may_log(&unsaid))
        return; /* the session's last line, at debug, says why */
    address_of(fd, ip);
    if (unsaid > 0)
        log_info(NULL, "connection from %s ended in its handshake: %s (and %u more since the last such line)",
                 ip, why, unsaid);
    else
        log_info(NULL, "connection from %s ended in its handshake: %s", ip, why);
}

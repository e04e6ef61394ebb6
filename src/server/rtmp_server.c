#include "server/rtmp_server.h"

#include "core/context.h"
#include "core/worker.h"
#include "net/address.h"
#include "net/tls_store.h"
#include "session/rtmp_session.h"

#include <unistd.h>

static void take(struct worker *w, int fd, const struct sockaddr_storage *peer, struct ssl_ctx_st *tls)
{
    char ip[ADDRESS_IP_SIZE];
    address_format_ip(peer, ip);
    if (context_admit(w->context, ip))
        rtmp_session_start(w, fd, peer, tls);
    else
        close(fd);
}

void rtmp_server_accept(int fd, const struct sockaddr_storage *peer, void *worker)
{
    take(worker, fd, peer, NULL);
}

void rtmp_server_accept_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    struct worker *w = worker;
    take(w, fd, peer, tls_store_context(w->context->tls, TLS_RTMPS));
}

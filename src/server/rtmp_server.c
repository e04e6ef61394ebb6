#include "server/rtmp_server.h"

#include "core/context.h"
#include "core/worker.h"
#include "net/address.h"
#include "net/tls_store.h"
#include "server/proxy_gate.h"
#include "session/rtmp_session.h"

#include <unistd.h>

static void start(struct worker *w, int fd, const struct sockaddr_storage *peer, struct ssl_ctx_st *tls)
{
    char ip[ADDRESS_IP_SIZE];
    address_format_ip(peer, ip);
    if (context_admit(w->context, ip))
        rtmp_session_start(w, fd, peer, tls);
    else
        close(fd);
}

static void start_plain(int fd, const struct sockaddr_storage *peer, void *worker)
{
    start(worker, fd, peer, NULL);
}

static void start_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    struct worker *w = worker;
    start(w, fd, peer, tls_store_context(w->context->tls, TLS_RTMPS));
}

void rtmp_server_accept(int fd, const struct sockaddr_storage *peer, void *worker)
{
    proxy_gate_accept(fd, peer, worker, start_plain);
}

void rtmp_server_accept_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    proxy_gate_accept(fd, peer, worker, start_tls);
}

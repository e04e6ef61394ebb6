#include "server/rtmp_server.h"

#include "core/context.h"
#include "core/worker.h"
#include "net/tls_store.h"
#include "server/admission.h"
#include "server/proxy_gate.h"
#include "session/rtmp_session.h"

static void start_plain(int fd, const struct sockaddr_storage *peer, void *worker)
{
    admission_start(worker, fd, peer, NULL, rtmp_session_start);
}

static void start_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    struct worker *w = worker;
    admission_start(w, fd, peer, tls_store_context(w->context->tls, TLS_RTMPS), rtmp_session_start);
}

void rtmp_server_accept(int fd, const struct sockaddr_storage *peer, void *worker)
{
    proxy_gate_accept(fd, peer, worker, start_plain);
}

void rtmp_server_accept_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    proxy_gate_accept(fd, peer, worker, start_tls);
}

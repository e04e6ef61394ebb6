#include "server/rtmp_server.h"

#include "core/context.h"
#include "core/worker.h"
#include "net/address.h"
#include "session/rtmp_session.h"

#include <unistd.h>

void rtmp_server_accept(int fd, const struct sockaddr_storage *peer, void *worker)
{
    struct worker *w = worker;
    char           ip[ADDRESS_IP_SIZE];
    address_format_ip(peer, ip);
    if (context_admit(w->context, ip))
        rtmp_session_start(w, fd, peer);
    else
        close(fd);
}

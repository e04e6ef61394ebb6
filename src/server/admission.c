#include "server/admission.h"

#include "core/context.h"
#include "core/worker.h"
#include "net/address.h"

#include <unistd.h>

void admission_start(struct worker *w, int fd, const struct sockaddr_storage *peer, struct ssl_ctx_st *tls,
                     admission_start_fn *start)
{
    char ip[ADDRESS_IP_SIZE];
    address_format_ip(peer, ip);
    if (context_admit(w->context, ip))
        start(w, fd, peer, tls);
    else
        close(fd);
}

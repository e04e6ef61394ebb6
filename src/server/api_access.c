#include "server/api_access.h"

#include "base/alloc.h"
#include "server/api_peer.h"

#include <stdlib.h>

struct api_access {
    int unused;
};

struct api_access *api_access_new(void)
{
    return alloc_zeroed(sizeof(struct api_access));
}

void api_access_free(struct api_access *access)
{
    free(access);
}

static bool is_loopback(const char *ip)
{
    return strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0;
}

void api_access_check(struct api_call *call, void (*admitted)(struct api_call *))
{
    if (is_loopback(call->session->base.ip)) {
        call->caller.role = API_ADMIN;
        call->caller.via = "loopback";
    }
    if (call->caller.role >= call->route->role)
        admitted(call);
    else
        api_fail(call, 403, "the API answers this machine only, until api.users or api.tokens is set");
}

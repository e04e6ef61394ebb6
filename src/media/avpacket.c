#include "media/avpacket.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdlib.h>

static size_t allocation_size(uint32_t capacity)
{
    return sizeof(struct avpacket) + AVPACKET_HEADROOM + (size_t)capacity + AVPACKET_TAILROOM;
}

struct avpacket *avpacket_new(uint8_t type, uint32_t capacity)
{
    struct avpacket *p = alloc_try(allocation_size(capacity));
    if (p == NULL)
        return NULL;
    *p = (struct avpacket){ .type = type, .capacity = capacity };
    atomic_init(&p->refs, 1);
    return p;
}

int avpacket_reserve(struct avpacket **packet, uint32_t capacity)
{
    if (capacity <= (*packet)->capacity)
        return 0;
    struct avpacket *larger = alloc_try_resize(*packet, allocation_size(capacity));
    if (larger == NULL)
        return ERR_OUT_OF_MEMORY;
    larger->capacity = capacity;
    *packet = larger;
    return 0;
}

struct avpacket *avpacket_ref(struct avpacket *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void avpacket_unref(struct avpacket **packet)
{
    struct avpacket *p = *packet;
    *packet = NULL;
    /* Release: our reads are done before another thread frees; acquire: theirs before we do. */
    if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        free(p);
}

#include "core/packet_ring.h"

#include "base/alloc.h"

#include <stdlib.h>

#define SLOTS_AT_FIRST 64

void packet_ring_init(struct packet_ring *r)
{
    *r = (struct packet_ring){ .first = 1, .next = 1 };
}

void packet_ring_clear(struct packet_ring *r)
{
    packet_ring_drop_before(r, r->next);
    free(r->slots);
    r->slots = NULL;
    r->mask = 0;
}

/* Give the ring `count` slots, a power of two that holds all that is in it. */
static void resize(struct packet_ring *r, uint64_t count)
{
    struct packet_slot *slots = alloc_resize(NULL, count, sizeof *slots);
    for (uint64_t seq = r->first; seq < r->next; seq++)
        slots[seq & (count - 1)] = *packet_ring_at(r, seq);
    free(r->slots);
    r->slots = slots;
    r->mask = count - 1;
}

uint64_t packet_ring_push(struct packet_ring *r, struct avpacket *packet, uint64_t group)
{
    if (r->slots == NULL)
        resize(r, SLOTS_AT_FIRST);
    else if (r->next - r->first > r->mask)
        resize(r, (r->mask + 1) * 2);
    r->slots[r->next & r->mask] = (struct packet_slot){ avpacket_ref(packet), r->position, group };
    r->position += packet->size;
    return r->next++;
}

void packet_ring_drop_before(struct packet_ring *r, uint64_t seq)
{
    for (; r->first < seq && r->first < r->next; r->first++)
        avpacket_unref(&r->slots[r->first & r->mask].packet);
    /* A burst that is over gives its memory back. */
    if (r->mask + 1 > SLOTS_AT_FIRST && (r->next - r->first) * 8 < r->mask)
        resize(r, (r->mask + 1) / 2);
}

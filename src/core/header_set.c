#include "core/header_set.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>

static struct header_set *new_set(uint32_t count)
{
    struct header_set *set = alloc_zeroed(sizeof *set + count * sizeof set->packets[0]);
    set->refs = 1;
    return set;
}

static void add(struct header_set *set, struct avpacket *packet)
{
    set->packets[set->count++] = avpacket_ref(packet);
}

struct header_set *header_set_ref(struct header_set *set)
{
    if (set != NULL)
        set->refs++;
    return set;
}

void header_set_unref(struct header_set **set)
{
    struct header_set *s = *set;
    *set = NULL;
    if (s == NULL || --s->refs > 0)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        avpacket_unref(&s->packets[i]);
    free(s);
}

static bool follows_up(const struct avpacket *packet, const struct avpacket *old)
{
    return packet->type == old->type && packet->track == old->track;
}

struct header_set *header_set_with(const struct header_set *old, struct avpacket *packet)
{
    uint32_t           old_count = old != NULL ? old->count : 0;
    struct header_set *set = new_set(old_count + 1);
    bool               placed = false;
    for (uint32_t i = 0; i < old_count; i++) {
        bool here = follows_up(packet, old->packets[i]);
        add(set, here ? packet : old->packets[i]);
        placed |= here;
    }
    if (!placed && set->count < HEADER_SET_MAX)
        add(set, packet);
    return set;
}

struct header_set *header_set_after(struct avpacket *packet, const struct header_set *rest)
{
    uint32_t           rest_count = rest != NULL ? rest->count : 0;
    struct header_set *set = new_set(1 + rest_count);
    add(set, packet);
    for (uint32_t i = 0; i < rest_count; i++)
        add(set, rest->packets[i]);
    return set;
}

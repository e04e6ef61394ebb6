#include "core/cursor.h"

#include <assert.h>

bool cursor_equal(const struct cursor *a, const struct cursor *b)
{
    return a->seq == b->seq && a->offset == b->offset && a->preroll == b->preroll &&
           a->preroll_at == b->preroll_at && a->form == b->form && a->filter == b->filter &&
           a->msid == b->msid && a->video_from == b->video_from;
}

static bool held_back(const struct cursor *c, const struct packet_slot *slot)
{
    const struct avpacket *p = slot->packet;
    if (p->type == AV_AUDIO)
        return c->filter & CURSOR_NO_AUDIO;
    if (p->type != AV_VIDEO)
        return c->filter & CURSOR_NO_DATA;
    return (c->filter & CURSOR_NO_VIDEO) || (slot->group < c->video_from && avpacket_is_frame(p));
}

struct avpacket *cursor_packet(struct cursor *c, const struct packet_ring *ring)
{
    if (c->preroll != NULL)
        return c->preroll->packets[c->preroll_at];
    for (; c->seq < ring->next; c->seq++) {
        const struct packet_slot *slot = packet_ring_at(ring, c->seq);
        if (c->offset > 0 || !held_back(c, slot))
            return slot->packet;
    }
    return NULL;
}

void cursor_pass(struct cursor *c)
{
    c->offset = 0;
    if (c->preroll != NULL) {
        if (++c->preroll_at == c->preroll->count) {
            c->preroll = NULL;
            c->preroll_at = 0;
        }
        return;
    }
    c->seq++;
}

void cursor_settle(struct cursor *c, const struct video_groups *groups)
{
    c->video_from = video_groups_settle(groups, c->video_from);
}

unsigned cursor_advance(struct cursor *c, const struct packet_ring *ring, size_t size)
{
    unsigned passed = 0;
    while (size > 0) {
        const struct avpacket *p = cursor_packet(c, ring);
        assert(p != NULL); /* no more was offered than there is */
        size_t left = wire_size(p, c->form) - c->offset;
        if (size < left) {
            c->offset += (uint32_t)size;
            return passed;
        }
        size -= left;
        cursor_pass(c);
        passed++;
    }
    return passed;
}

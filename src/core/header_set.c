#include "core/header_set.h"

#include "base/alloc.h"
#include "media/multitrack.h"

#include <assert.h>
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

/* What a header is about: one kind of header, of some tracks of one kind. */
struct scope {
    uint8_t          type;
    uint8_t          kind; /* of AV_HEADERS, only the flag that counts */
    struct track_set tracks;
};

static struct scope scope_of(const struct avpacket *p)
{
    uint8_t kind = p->flags & AV_HEADERS;
    return (struct scope){ .type = p->type, .kind = kind, .tracks = multitrack_tracks(p, kind) };
}

static bool is_comparable(const struct scope *a, const struct scope *b)
{
    return a->type == b->type && a->kind == b->kind;
}

static bool overlaps(const struct scope *a, const struct scope *b)
{
    bool shared = false;
    for (size_t i = 0; i < sizeof a->tracks.bits / sizeof *a->tracks.bits; i++)
        shared |= (a->tracks.bits[i] & b->tracks.bits[i]) != 0;
    return shared && is_comparable(a, b);
}

/* Take what `newer` is about out of `scope`: whether nothing is left of it then. */
static bool is_followed_up(struct scope *scope, const struct scope *newer)
{
    uint64_t left = 0;
    if (!is_comparable(scope, newer))
        return false;
    for (size_t i = 0; i < sizeof scope->tracks.bits / sizeof *scope->tracks.bits; i++)
        left |= scope->tracks.bits[i] &= ~newer->tracks.bits[i];
    return left == 0;
}

/* The packets of a set and, as the last, the newest; which of them still have something to say. */
struct update {
    struct scope scopes[HEADER_SET_MAX + 1];
    bool         outdated[HEADER_SET_MAX + 1];
    uint32_t     newest;
};

static bool is_outdated(const struct update *u, uint32_t at)
{
    struct scope scope = u->scopes[at];
    for (uint32_t i = at + 1; i <= u->newest; i++) {
        if (is_followed_up(&scope, &u->scopes[i]))
            return true;
    }
    return false;
}

/* Where the newest may stand: in the place of the first that goes, unless one that stays and comes
 * later would be read after it and be taken for newer. */
static uint32_t place_newest(const struct update *u)
{
    uint32_t place = u->newest;
    for (uint32_t i = u->newest; i-- > 0;) {
        if (u->outdated[i])
            place = i;
        else if (overlaps(&u->scopes[i], &u->scopes[u->newest]))
            break;
    }
    return place;
}

struct header_set *header_set_with(const struct header_set *old, struct avpacket *packet)
{
    struct update u = { .newest = old != NULL ? old->count : 0 };
    uint32_t      kept = 0;
    assert(u.newest <= HEADER_SET_MAX);
    for (uint32_t i = 0; i < u.newest; i++)
        u.scopes[i] = scope_of(old->packets[i]);
    u.scopes[u.newest] = scope_of(packet);
    for (uint32_t i = 0; i < u.newest; i++) {
        u.outdated[i] = is_outdated(&u, i);
        kept += !u.outdated[i];
    }
    uint32_t           place = place_newest(&u);
    struct header_set *set = new_set(kept + 1);
    for (uint32_t i = 0; i <= u.newest; i++) {
        if (i == place && kept < HEADER_SET_MAX)
            add(set, packet);
        if (i < u.newest && !u.outdated[i])
            add(set, old->packets[i]);
    }
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

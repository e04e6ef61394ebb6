#include "server/event_ring.h"

#include "base/alloc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event_ring {
    pthread_mutex_t      lock;
    bool                 has_ids;
    size_t               count_max, size_max;
    struct event_frame **frames; /* lock, like all below: count_max places */
    uint64_t             next_id; /* the frame of an id is at its remainder */
    size_t               count, size;
};

void event_frame_unref(struct event_frame *f)
{
    if (f != NULL && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
        free(f);
}

/* A thousand ids for each millisecond, so that a run of the server does not get to those of the next;
 * below 2 to the 53rd until the year 2248. */
uint64_t event_ring_first_id(int64_t wall_ms)
{
    return ((uint64_t)wall_ms << 10) + 1;
}

struct event_ring *event_ring_new(size_t count_max, size_t size_max, uint64_t first_id, bool has_ids)
{
    struct event_ring *ring = alloc_zeroed(sizeof *ring);
    pthread_mutex_init(&ring->lock, NULL);
    ring->has_ids = has_ids;
    ring->count_max = count_max;
    ring->size_max = size_max;
    ring->frames = alloc_zeroed(count_max * sizeof *ring->frames);
    ring->next_id = first_id;
    return ring;
}

static struct event_frame **place_of(struct event_ring *ring, uint64_t id)
{
    return &ring->frames[id % ring->count_max];
}

static uint64_t oldest_id(const struct event_ring *ring)
{
    return ring->next_id - ring->count;
}

static void drop_oldest(struct event_ring *ring)
{
    struct event_frame **place = place_of(ring, oldest_id(ring));
    ring->size -= (*place)->size;
    ring->count--;
    event_frame_unref(*place);
    *place = NULL;
}

void event_ring_free(struct event_ring *ring)
{
    if (ring == NULL)
        return;
    while (ring->count > 0)
        drop_oldest(ring);
    pthread_mutex_destroy(&ring->lock);
    free(ring->frames);
    free(ring);
}

static struct event_frame *new_frame(uint64_t id, enum event_type type, struct bytes body, bool has_id)
{
    char   head[96];
    int    used = has_id ? snprintf(head, sizeof head, "id: %llu\n", (unsigned long long)id) : 0;
    size_t head_size = (size_t)used + (size_t)snprintf(head + used, sizeof head - (size_t)used,
                                                       "event: %s\ndata: ", events_name(type));
    struct event_frame *f = alloc_zeroed(sizeof *f + head_size + body.size + 3);
    atomic_init(&f->refs, 1);
    f->id = id;
    f->type = type;
    f->size = head_size + body.size + 2;
    memcpy(f->text, head, head_size);
    memcpy(f->text + head_size, body.data, body.size);
    memcpy(f->text + head_size + body.size, "\n\n", 2);
    return f;
}

void event_ring_add(struct event_ring *ring, enum event_type type, struct bytes body)
{
    pthread_mutex_lock(&ring->lock);
    struct event_frame *f = new_frame(ring->next_id, type, body, ring->has_ids);
    while (ring->count > 0 && (ring->count == ring->count_max || ring->size + f->size > ring->size_max))
        drop_oldest(ring);
    *place_of(ring, ring->next_id) = f;
    ring->next_id++;
    ring->count++;
    ring->size += f->size;
    pthread_mutex_unlock(&ring->lock);
}

uint64_t event_ring_last_id(struct event_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    uint64_t id = ring->next_id - 1;
    pthread_mutex_unlock(&ring->lock);
    return id;
}

bool event_ring_can_resume(struct event_ring *ring, uint64_t id)
{
    pthread_mutex_lock(&ring->lock);
    bool can = id < ring->next_id && id >= oldest_id(ring) - 1;
    pthread_mutex_unlock(&ring->lock);
    return can;
}

struct event_frame *event_ring_next(struct event_ring *ring, uint64_t *id, unsigned types, bool *missed)
{
    struct event_frame *found = NULL;
    pthread_mutex_lock(&ring->lock);
    *missed = *id < oldest_id(ring) - 1;
    if (*missed)
        *id = oldest_id(ring) - 1;
    while (found == NULL && *id < ring->next_id - 1) {
        found = *place_of(ring, ++*id);
        found = types & (1u << found->type) ? found : NULL;
    }
    if (found != NULL)
        atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&ring->lock);
    return found;
}

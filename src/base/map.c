#include "base/map.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Linear probing; a removal moves later entries of its run back, so there are no tombstones. */
struct entry {
    char    *key; /* NULL: free slot */
    void    *value;
    uint64_t hash;
};

struct map {
    struct entry *entries;
    size_t        slots; /* a power of two */
    size_t        count;
    uint64_t      hash_key[2];
};

#define SLOTS_AT_FIRST 16

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1]; v[1] = rotate(v[1], 13); v[1] ^= v[0]; v[0] = rotate(v[0], 32);
    v[2] += v[3]; v[3] = rotate(v[3], 16); v[3] ^= v[2];
    v[0] += v[3]; v[3] = rotate(v[3], 21); v[3] ^= v[0];
    v[2] += v[1]; v[1] = rotate(v[1], 17); v[1] ^= v[2]; v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
static uint64_t sip_hash(const uint64_t key[2], const char *text)
{
    uint64_t v[4] = {
        key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
        key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573,
    };
    size_t size = strlen(text), at = 0;
    for (;;) {
        uint64_t word = 0;
        size_t   left = size - at < 8 ? size - at : 8;
        memcpy(&word, text + at, left);
        if (left < 8)
            word |= (uint64_t)size << 56;
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
        at += left;
        if (left < 8)
            break;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(void)
{
    struct map *m = alloc_zeroed(sizeof *m);
    m->slots = SLOTS_AT_FIRST;
    m->entries = alloc_zeroed(m->slots * sizeof *m->entries);
    if (getrandom(m->hash_key, sizeof m->hash_key, 0) != (ssize_t)sizeof m->hash_key)
        abort();
    return m;
}

void map_free(struct map *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->slots; i++)
        free(m->entries[i].key);
    free(m->entries);
    free(m);
}

size_t map_count(const struct map *m)
{
    return m->count;
}

/* The slot of `key`, or the free slot where it would go. */
static struct entry *find(const struct map *m, const char *key, uint64_t hash)
{
    size_t i = hash & (m->slots - 1);
    while (m->entries[i].key != NULL &&
           (m->entries[i].hash != hash || strcmp(m->entries[i].key, key) != 0))
        i = (i + 1) & (m->slots - 1);
    return &m->entries[i];
}

void *map_get(const struct map *m, const char *key)
{
    return find(m, key, sip_hash(m->hash_key, key))->value;
}

static void resize(struct map *m, size_t slots)
{
    struct entry *old = m->entries;
    size_t        old_slots = m->slots;
    m->slots = slots;
    m->entries = alloc_zeroed(slots * sizeof *m->entries);
    for (size_t i = 0; i < old_slots; i++)
        if (old[i].key != NULL)
            *find(m, old[i].key, old[i].hash) = old[i];
    free(old);
}

void *map_put(struct map *m, const char *key, void *value)
{
    uint64_t      hash = sip_hash(m->hash_key, key);
    struct entry *e = find(m, key, hash);
    if (e->key != NULL) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if ((m->count + 1) * 2 > m->slots) {
        resize(m, m->slots * 2);
        e = find(m, key, hash);
    }
    *e = (struct entry){ alloc_string(key), value, hash };
    m->count++;
    return NULL;
}

void *map_remove(struct map *m, const char *key)
{
    struct entry *hole = find(m, key, sip_hash(m->hash_key, key));
    if (hole->key == NULL)
        return NULL;
    void *value = hole->value;
    free(hole->key);
    m->count--;
    size_t at = (size_t)(hole - m->entries), mask = m->slots - 1;
    for (size_t i = (at + 1) & mask; m->entries[i].key != NULL; i = (i + 1) & mask) {
        /* An entry may move back to the hole unless its home lies after the hole. */
        size_t home = m->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - at) & mask)) {
            m->entries[at] = m->entries[i];
            at = i;
        }
    }
    m->entries[at] = (struct entry){ 0 };
    if (m->slots > SLOTS_AT_FIRST && m->count * 8 < m->slots)
        resize(m, m->slots / 2);
    return value;
}

bool map_next(const struct map *m, size_t *at, const char **key, void **value)
{
    while (*at < m->slots) {
        const struct entry *e = &m->entries[(*at)++];
        if (e->key != NULL) {
            *key = e->key;
            *value = e->value;
            return true;
        }
    }
    return false;
}

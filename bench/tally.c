#include "bench/tally.h"

#include <stdio.h>
#include <string.h>

static unsigned place_of(struct tally *t, const char *why)
{
    for (unsigned i = 0; i < t->count; i++)
        if (strncmp(t->items[i].why, why, TALLY_WHY_SIZE - 1) == 0)
            return i;
    if (t->count == TALLY_ITEMS)
        return TALLY_ITEMS - 1;
    if (t->count == TALLY_ITEMS - 1)
        why = "other reasons";
    snprintf(t->items[t->count].why, TALLY_WHY_SIZE, "%s", why);
    return t->count++;
}

void tally_add(struct tally *t, const char *why, uint64_t count)
{
    unsigned place = place_of(t, why);
    t->items[place].count += count;
}

void tally_merge(struct tally *into, const struct tally *t)
{
    for (unsigned i = 0; i < t->count; i++)
        tally_add(into, t->items[i].why, t->items[i].count);
}

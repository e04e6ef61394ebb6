/* sim_memory.c - memory for what peers size: it runs out when a test says so. */
#include "base/alloc.h"
#include "sim_peer.h"

static unsigned allocations, fails_at;
static bool     is_exempt;

void sim_memory_begin(void)
{
    allocations = fails_at = 0;
}

void sim_fail_allocation(unsigned nth)
{
    fails_at = nth > 0 ? allocations + nth : 0;
}

unsigned sim_allocation_count(void)
{
    return allocations;
}

void sim_exempt(bool exempt)
{
    is_exempt = exempt;
}

static bool fails(void)
{
    return !is_exempt && ++allocations == fails_at;
}

void *__real_alloc_try(size_t size);
void *__wrap_alloc_try(size_t size);

void *__wrap_alloc_try(size_t size)
{
    return fails() ? NULL : __real_alloc_try(size);
}

void *__real_alloc_try_resize(void *old, size_t size);
void *__wrap_alloc_try_resize(void *old, size_t size);

void *__wrap_alloc_try_resize(void *old, size_t size)
{
    return fails() ? NULL : __real_alloc_try_resize(old, size);
}

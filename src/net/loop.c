#include "net/loop.h"

#include "base/alloc.h"
#include "base/error.h"
#include "net/conn.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define TICK_MS 500

static void free_garbage(struct loop *loop)
{
    while (!list_empty(&loop->garbage)) {
        struct loop_garbage *item = LIST_ITEM(loop->garbage.next, struct loop_garbage, link);
        list_remove(&item->link);
        item->destroy(item);
    }
}

/* Sleep for what is left of the rest after a turn of so long, unless a timer is due before or there
 * is something to do at once. */
static void rest(struct loop *loop, uint64_t turn_ns)
{
    int64_t left_ns = (int64_t)loop->rest_ms * 1000000 - (int64_t)turn_ns;
    int     timeout_ms = uv_backend_timeout(&loop->uv);
    if (timeout_ms >= 0 && left_ns > timeout_ms * INT64_C(1000000))
        left_ns = timeout_ms * INT64_C(1000000);
    if (left_ns <= 0)
        return;
    nanosleep(&(struct timespec){ .tv_nsec = left_ns }, NULL);
    uv_update_time(&loop->uv); /* timers are waited for from here on */
}

static void begin_wait(struct loop *loop)
{
    uint64_t turn_ns = 0;
    loop->slept_ns = uv_hrtime();
    if (loop->awake_ns != 0)
        turn_ns = loop->slept_ns - loop->awake_ns;
    loop->busy_ns += turn_ns;
    loop->awake_ns = 0;
    if (loop->rest_ms > 0)
        rest(loop, turn_ns);
}

static void on_turn_end(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    LIST_EACH (node, &loop->hooks) {
        struct loop_hook *hook = LIST_ITEM(node, struct loop_hook, link);
        hook->on_turn_end(hook);
    }
    conn_flush_all(loop);
    free_garbage(loop);
    begin_wait(loop);
}

static void on_turn_start(uv_check_t *handle)
{
    loop_wake(handle->data);
}

static void on_tick(uv_timer_t *handle)
{
    conn_expire_lingering(handle->data);
}

int loop_init(struct loop *loop)
{
    *loop = (struct loop){ 0 };
    list_init(&loop->hooks);
    list_init(&loop->unsent);
    list_init(&loop->lingering);
    list_init(&loop->garbage);
    if (uv_loop_init(&loop->uv) != 0)
        return ERR_SYSTEM;
    loop->scratch = alloc_resize(NULL, 1, LOOP_SCRATCH_SIZE + LOOP_SCRATCH_SLACK);
    uv_prepare_init(&loop->uv, &loop->turn_end);
    loop->turn_end.data = loop;
    uv_prepare_start(&loop->turn_end, on_turn_end);
    uv_check_init(&loop->uv, &loop->turn_start);
    loop->turn_start.data = loop;
    uv_check_start(&loop->turn_start, on_turn_start);
    uv_timer_init(&loop->uv, &loop->tick);
    loop->tick.data = loop;
    uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
    return 0;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_close(struct loop *loop)
{
    conn_close_lingering(loop);
    free_garbage(loop);
    uv_close((uv_handle_t *)&loop->turn_end, NULL);
    uv_close((uv_handle_t *)&loop->turn_start, NULL);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
    }
    int left = uv_loop_close(&loop->uv);
    assert(left == 0);
    (void)left;
    free(loop->scratch);
    free(loop->tls);
    loop->scratch = loop->tls = NULL;
}

void loop_add_hook(struct loop *loop, struct loop_hook *hook)
{
    list_append(&loop->hooks, &hook->link);
}

void loop_discard(struct loop *loop, struct loop_garbage *item)
{
    list_append(&loop->garbage, &item->link);
}

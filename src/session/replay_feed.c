#include "session/replay_feed.h"

#include "base/alloc.h"
#include "core/record_piece.h"
#include "core/record_source.h"
#include "core/worker.h"

#include <stdlib.h>
#include <uv.h>

struct replay_feed {
    const struct replay_feed_ops *ops;
    void                         *owner;   /* NULL once it has let go */
    struct worker                *worker;
    struct record_source         *source;
    struct record_piece           pieces[2];
    bool                          is_full[2];
    unsigned                      current; /* the piece to be sent */
    unsigned                      filling; /* the piece that a thread has */
    bool                          working;
    uint64_t                      since_ms; /* of the work */
    int                           error;
    uv_work_t                     work;
    uv_timer_t                    timer;
};

static void on_timer_closed(uv_handle_t *timer)
{
    struct replay_feed *f = timer->data;
    record_source_free(f->source);
    for (int i = 0; i < 2; i++)
        free(f->pieces[i].data);
    free(f);
}

static void dispose(struct replay_feed *f)
{
    uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}

static void run_in_pool(struct replay_feed *f, uv_work_cb work, uv_after_work_cb after)
{
    f->working = true;
    f->since_ms = worker_now_ms(f->worker);
    f->work.data = f;
    uv_queue_work(&f->worker->loop.uv, &f->work, work, after);
}

/* Back on the loop: false if nobody wants it any more. */
static bool came_back(struct replay_feed *f)
{
    f->working = false;
    if (f->owner != NULL)
        return true;
    dispose(f);
    return false;
}

static void read_ahead(struct replay_feed *);

static void read_in_pool(uv_work_t *work)
{
    struct replay_feed *f = work->data;
    record_source_read(f->source, &f->pieces[f->filling]);
}

static void after_read(uv_work_t *work, int status)
{
    struct replay_feed *f = work->data;
    (void)status;
    if (!came_back(f))
        return;
    bool is_current = f->filling == f->current;
    f->is_full[f->filling] = true;
    read_ahead(f);
    if (is_current)
        f->ops->on_piece(f->owner);
}

/* Into the current piece, or the other.  Beyond one that is the last, or to be waited behind, there is
 * nothing. */
static void read_ahead(struct replay_feed *f)
{
    unsigned current = f->current, other = 1 - current;
    bool     goes_on = !f->is_full[current] || f->pieces[current].end == RECORD_PIECE_MORE;
    if (f->working || f->is_full[other] || !goes_on)
        return;
    f->filling = f->is_full[current] ? other : current;
    run_in_pool(f, read_in_pool, after_read);
}

static void open_in_pool(uv_work_t *work)
{
    struct replay_feed *f = work->data;
    f->error = record_source_open(f->source);
}

static void after_open(uv_work_t *work, int status)
{
    struct replay_feed *f = work->data;
    (void)status;
    if (!came_back(f))
        return;
    if (f->error == 0)
        read_ahead(f);
    f->ops->on_open(f->owner, f->error);
}

static void on_timer(uv_timer_t *timer)
{
    struct replay_feed *f = timer->data;
    if (f->owner != NULL)
        f->ops->on_wake(f->owner);
}

struct replay_feed *replay_feed_new(struct worker *w, struct record_source *source,
                                    const struct replay_feed_ops *ops, void *owner)
{
    struct replay_feed *f = alloc_zeroed(sizeof *f);
    f->source = source;
    f->pieces[0].data = malloc(RECORD_PIECE_SIZE);
    f->pieces[1].data = malloc(RECORD_PIECE_SIZE);
    if (f->pieces[0].data == NULL || f->pieces[1].data == NULL) {
        f->timer.data = f;
        on_timer_closed((uv_handle_t *)&f->timer);
        return NULL;
    }
    f->worker = w;
    f->ops = ops;
    f->owner = owner;
    uv_timer_init(&w->loop.uv, &f->timer);
    f->timer.data = f;
    run_in_pool(f, open_in_pool, after_open);
    return f;
}

void replay_feed_free(struct replay_feed *f)
{
    f->owner = NULL;
    uv_timer_stop(&f->timer);
    record_source_cancel(f->source);
    if (!f->working)
        dispose(f);
}

const struct record_piece *replay_feed_piece(const struct replay_feed *f)
{
    return f->is_full[f->current] ? &f->pieces[f->current] : NULL;
}

void replay_feed_next(struct replay_feed *f)
{
    f->is_full[f->current] = false;
    if (f->is_full[1 - f->current] || f->working)
        f->current = 1 - f->current;
    read_ahead(f);
}

void replay_feed_wake(struct replay_feed *f, uint64_t after_ms)
{
    uv_timer_start(&f->timer, on_timer, after_ms, 0);
}

uint64_t replay_feed_working_ms(const struct replay_feed *f)
{
    return f->working ? worker_now_ms(f->worker) - f->since_ms + 1 : 0;
}

#include "core/fanout.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/outlet.h"
#include "net/conn.h"
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* A run ends at whichever comes first: one call should neither pin the loop nor the kernel. */
#define RUN_IOV_MAX  512
#define RUN_SIZE_MAX (1024 * 1024)

/* The runs of one batch share so many. */
#define POOL_IOV_COUNT (4 * RUN_IOV_MAX)

/* The same bytes for everyone in the outlet whose cursor equals `start`. */
struct run {
    struct cursor start;
    struct cursor end; /* where a socket that took them all stands */
    size_t        size;
    unsigned      count;   /* of iov */
    unsigned      packets; /* that it ends */
    struct iovec *iov;     /* in the pool */
};

struct fanout {
    struct sender    *sender;
    struct list       lost; /* viewers, by `turn` */
    unsigned          job_count;
    unsigned          run_count;
    unsigned          first_run; /* of the outlet that is being queued */
    unsigned          iov_count; /* used of the pool */
    struct send_job   jobs[SENDER_BATCH_MAX];
    struct viewer    *viewers[SENDER_BATCH_MAX]; /* of each job */
    const struct run *job_runs[SENDER_BATCH_MAX];
    struct run        runs[SENDER_BATCH_MAX];
    struct iovec      iov[POOL_IOV_COUNT];
    uint8_t           headers[POOL_IOV_COUNT][AVPACKET_RTMP_SIZE]; /* for a msid other than WIRE_MSID */
};

struct fanout *fanout_new(enum sender_backend backend)
{
    struct sender *sender = sender_new(backend);
    if (sender == NULL)
        return NULL;
    struct fanout *f = alloc_zeroed(sizeof *f);
    f->sender = sender;
    list_init(&f->lost);
    return f;
}

void fanout_free(struct fanout *f)
{
    if (f == NULL)
        return;
    sender_free(f->sender);
    free(f);
}

const char *fanout_backend_name(const struct fanout *f)
{
    return sender_backend_name(f->sender);
}

/* A viewer on another message stream than the ready-made header says gets its own header. */
static void set_msid(struct fanout *f, struct iovec *iov, const struct avpacket *p, uint32_t msid,
                     uint32_t offset)
{
    uint8_t *header = f->headers[iov - f->iov];
    wire_rtmp_header(p, msid, header);
    iov->iov_base = header + offset;
}

/* The bytes from `start` on, of at most `packet_max` packets.  There is room in the pool. */
static struct run *build_run(struct fanout *f, const struct cursor *start, const struct gop_cache *cache,
                             unsigned packet_max)
{
    const struct packet_ring *ring = &cache->ring;
    struct run               *run = &f->runs[f->run_count++];
    struct cursor             at = *start;
    struct avpacket          *p;
    *run = (struct run){ .start = *start, .iov = f->iov + f->iov_count };
    while (packet_max-- > 0 && run->size < RUN_SIZE_MAX && (p = cursor_packet(&at, ring)) != NULL) {
        size_t   covered = 0, left = wire_size(p, at.form) - at.offset;
        unsigned used =
            wire_iov(p, at.form, at.offset, run->iov + run->count, RUN_IOV_MAX - run->count, &covered);
        if (used > 0 && at.form == WIRE_RTMP && at.msid != WIRE_MSID && at.offset < p->rtmp_size)
            set_msid(f, run->iov + run->count, p, at.msid, at.offset);
        run->count += used;
        run->size += covered;
        if (covered < left) {
            at.offset += (uint32_t)covered;
            break;
        }
        cursor_pass(&at);
        run->packets++;
    }
    if (at.seq == ring->next)
        cursor_settle(&at, &cache->groups);
    run->end = at;
    f->iov_count += run->count;
    return run;
}

static void forget_runs(struct fanout *f)
{
    f->run_count = f->first_run = f->iov_count = 0;
}

/* The run for a viewer's place, built if it is not there; NULL when there is no room for one more. */
static const struct run *find_run(struct fanout *f, const struct viewer *v)
{
    for (unsigned i = f->run_count; i > f->first_run; i--)
        if (cursor_equal(&f->runs[i - 1].start, &v->cursor))
            return &f->runs[i - 1];
    if (f->run_count == SENDER_BATCH_MAX || f->iov_count + RUN_IOV_MAX > POOL_IOV_COUNT)
        return NULL;
    struct run *run = build_run(f, &v->cursor, &v->outlet->cache, UINT_MAX);
    v->outlet->cut_short |= run->end.seq < v->outlet->cache.ring.next;
    return run;
}

static void move_to(struct viewer *v, const struct run *run, size_t sent)
{
    struct header_set *preroll = v->cursor.preroll;
    if (sent == run->size) {
        v->cursor = run->end;
        v->packets_sent += run->packets;
    } else {
        v->packets_sent += cursor_advance(&v->cursor, &v->outlet->cache.ring, sent);
    }
    if (preroll != NULL && v->cursor.preroll == NULL)
        header_set_unref(&preroll);
    conn_hold(v->conn, v->cursor.offset > 0);
    if (sent > 0) {
        v->bytes_sent += sent;
        v->progress_ms = loop_now_ms(v->conn->loop);
    }
}

static void block(struct viewer *v)
{
    v->blocked = true;
    conn_want_write(v->conn);
}

/* What a send said: the viewer's new place, and whether it must wait or is lost. */
static void apply(struct viewer *v, const struct run *run, ssize_t result)
{
    if (result < 0 && result != -EAGAIN && result != -ENOBUFS && result != -ENOMEM) {
        v->lost = ERR_SYSTEM;
        return;
    }
    size_t sent = result > 0 ? (size_t)result : 0;
    move_to(v, run, sent);
    if (sent < run->size)
        block(v);
}

static void fall_behind(struct viewer *v)
{
    list_remove(&v->link);
    list_append(&v->outlet->behind, &v->link);
    v->state = VIEWER_BEHIND;
}

/* The same for a steady viewer, which may not be one after that. */
static void apply_steady(struct fanout *f, struct viewer *v, const struct run *run, ssize_t result)
{
    apply(v, run, result);
    if (v->lost != 0) {
        list_remove(&v->turn);
        list_append(&f->lost, &v->turn);
    } else if (v->blocked) {
        fall_behind(v);
    }
}

void fanout_send(struct fanout *f)
{
    sender_send(f->sender, f->jobs, f->job_count);
    for (unsigned i = 0; i < f->job_count; i++) {
        if (f->jobs[i].result > 0)
            conn_count_out(f->viewers[i]->conn, (size_t)f->jobs[i].result);
        apply_steady(f, f->viewers[i], f->job_runs[i], f->jobs[i].result);
    }
    f->job_count = 0;
    forget_runs(f);
}

static void add_job(struct fanout *f, struct viewer *v, const struct run *run)
{
    unsigned i = f->job_count++;
    f->jobs[i] = (struct send_job){ .fd = v->conn->fd, .count = run->count, .iov = run->iov };
    f->viewers[i] = v;
    f->job_runs[i] = run;
}

/* One viewer into the batch, unless it has no more to get.  What goes through TLS is other bytes
 * for each: it shares the run, not the batch. */
static void queue_viewer(struct fanout *f, struct viewer *v)
{
    const struct run *run = find_run(f, v);
    if (run == NULL) {
        fanout_send(f);
        run = find_run(f, v);
    }
    if (run->count == 0) {
        v->cursor = run->end; /* behind packets it does not want */
        return;
    }
    if (!conn_is_plain(v->conn)) {
        apply_steady(f, v, run, conn_send(v->conn, run->iov, run->count));
        return;
    }
    add_job(f, v, run);
    if (f->job_count == SENDER_BATCH_MAX)
        fanout_send(f);
}

void fanout_settle(struct outlet *o)
{
    for (unsigned form = 0; form < OUTLET_FORMS && o->cut_short; form++) {
        LIST_EACH(node, &o->steady[form])
        {
            struct viewer *v = LIST_ITEM(node, struct viewer, link);
            if (v->cursor.seq < o->cache.ring.next && v->lost == 0)
                fall_behind(v);
        }
    }
}

void fanout_queue(struct fanout *f, struct outlet *o)
{
    o->cut_short = false;
    f->first_run = f->run_count;
    for (unsigned form = 0; form < OUTLET_FORMS; form++) {
        LIST_EACH(node, &o->steady[form])
        {
            struct viewer *v = LIST_ITEM(node, struct viewer, link);
            if (v->conn != NULL && conn_queued(v->conn) == 0)
                queue_viewer(f, v);
            else
                fall_behind(v); /* a file, or replies of its own to send: fed one by one */
        }
    }
}

struct viewer *fanout_take_lost(struct fanout *f)
{
    if (list_empty(&f->lost))
        return NULL;
    struct viewer *v = LIST_ITEM(f->lost.next, struct viewer, turn);
    list_remove(&v->turn);
    return v;
}

/* The connection's own queue goes out between two packets.  False if it must wait. */
static bool send_queue(struct viewer *v)
{
    if (conn_queued(v->conn) == 0 || v->cursor.offset > 0)
        return true;
    if (conn_flush(v->conn))
        return true;
    v->blocked = true;
    return false;
}

static uint64_t feed_sink(struct viewer *v, uint64_t budget)
{
    uint64_t         total = 0;
    struct avpacket *p;
    while (total < budget && (p = cursor_packet(&v->cursor, &v->outlet->cache.ring)) != NULL) {
        if (!v->ops->on_packet(v, p)) {
            v->blocked = true;
            break;
        }
        total += p->size;
        v->bytes_sent += wire_size(p, WIRE_FLV);
        v->packets_sent++;
        struct header_set *preroll = v->cursor.preroll;
        cursor_pass(&v->cursor);
        if (preroll != NULL && v->cursor.preroll == NULL)
            header_set_unref(&preroll);
    }
    return total;
}

uint64_t fanout_feed(struct fanout *f, struct viewer *v, uint64_t budget)
{
    uint64_t total = 0;
    assert(f->job_count == 0);
    if (v->conn == NULL)
        return feed_sink(v, budget);
    while (total < budget && send_queue(v)) {
        /* What the connection has to say waits for the end of the current packet, no longer. */
        unsigned          packet_max = conn_queued(v->conn) > 0 ? 1 : UINT_MAX;
        const struct run *run = build_run(f, &v->cursor, &v->outlet->cache, packet_max);
        forget_runs(f);
        if (run->count == 0) {
            v->cursor = run->end;
            break;
        }
        ssize_t n = conn_send(v->conn, run->iov, run->count);
        apply(v, run, n);
        total += n > 0 ? (uint64_t)n : 0;
        if (v->lost != 0 || v->blocked)
            break;
    }
    return total;
}

#include "net/conn_inner.h"

#include "base/alloc.h"
#include "base/error.h"
#include "net/conn_peer.h"

#include <stdlib.h>

struct conn *conn_new_inner(struct loop *loop, const struct conn_transport *transport, void *state)
{
    struct conn *c = alloc_zeroed(sizeof *c);
    c->loop = loop;
    c->fd = -1;
    c->transport = transport;
    c->state = state;
    list_init(&c->link);
    return c;
}

/* What was kept, and `in` behind it. */
static void deliver_with_kept(struct conn *c, struct bytes in)
{
    size_t   kept = c->input_size;
    uint8_t *all = alloc_try(kept + in.size);
    if (all == NULL) {
        conn_fail(c, ERR_OUT_OF_MEMORY);
        return;
    }
    memcpy(all, c->input, kept);
    memcpy(all + kept, in.data, in.size);
    conn_deliver(c, all, kept + in.size);
    free(all);
}

void conn_give(struct conn *c, struct bytes in)
{
    c->bytes_in += in.size;
    if (in.size == 0 || c->closing || c->handler == NULL || c->failed != 0)
        return;
    if (c->input_size > 0)
        deliver_with_kept(c, in);
    else
        conn_deliver(c, in.data, in.size);
}

void conn_give_end(struct conn *c)
{
    if (c->closing || c->handler == NULL || c->failed != 0)
        return;
    c->ended = true;
    conn_tell_end(c);
}

void conn_give_room(struct conn *c)
{
    if (!c->closing)
        conn_take_room(c);
}

/* The end of what an inner connection was given. */
void conn_tell_end(struct conn *c)
{
    if (c->ended && c->reading && c->input_size == 0 && c->handler != NULL) {
        c->ended = false;
        c->handler->on_end(c, ERR_CLOSED);
    }
}

static void destroy(struct loop_garbage *garbage)
{
    conn_free(LIST_ITEM(garbage, struct conn, garbage));
}

void conn_close_inner(struct conn *c)
{
    c->transport->close(c);
    c->garbage.destroy = destroy;
    loop_discard(c->loop, &c->garbage);
}

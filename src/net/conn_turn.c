/* conn_turn.c - what the end of a turn does for connections, and the end of those that linger. */
#include "net/conn_peer.h"

#include <string.h>

/* What the turn left to do for one connection. */
static void attend_now(struct conn *c)
{
    if (c->failed != 0) {
        c->handler->on_end(c, c->failed);
        return;
    }
    if (c->redeliver) {
        c->redeliver = false;
        size_t kept = c->input_size;
        if (kept > 0)
            memcpy(c->loop->scratch, c->input, kept);
        c->input_size = 0;
        conn_deliver(c, c->loop->scratch, kept);
    }
    conn_tell_end(c);
    if (!c->closing)
        conn_flush(c);
}

void conn_flush_all(struct loop *loop)
{
    while (!list_empty(&loop->unsent)) {
        struct conn *c = LIST_ITEM(loop->unsent.next, struct conn, link);
        list_remove(&c->link);
        attend_now(c);
    }
}

void conn_expire_lingering(struct loop *loop)
{
    while (!list_empty(&loop->lingering)) {
        struct conn *c = LIST_ITEM(loop->lingering.next, struct conn, link);
        if (c->linger_until_ms > loop_now_ms(loop))
            break;
        conn_close(c);
    }
}

void conn_close_lingering(struct loop *loop)
{
    while (!list_empty(&loop->lingering))
        conn_close(LIST_ITEM(loop->lingering.next, struct conn, link));
}

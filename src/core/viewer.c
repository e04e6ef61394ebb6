#include "core/viewer.h"

_Static_assert(sizeof(struct viewer) <= 176, "memory of a viewer");

void viewer_init(struct viewer *v, struct conn *conn, enum wire_form form, const struct viewer_ops *ops)
{
    *v = (struct viewer){ .conn = conn, .ops = ops };
    v->cursor = (struct cursor){ .form = (uint8_t)form, .msid = WIRE_MSID };
    list_init(&v->link);
    list_init(&v->turn);
}

void viewer_init_sink(struct viewer *v, const struct viewer_ops *ops)
{
    viewer_init(v, NULL, WIRE_FLV, ops);
}

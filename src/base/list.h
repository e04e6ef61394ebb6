/* list.h - an intrusive doubly linked list; the node lives in the item it links.
 *
 * A head is a node that links to itself when the list is empty.  A node that is in no list
 * links to itself as well, so list_remove() may be called twice. */
#ifndef MILLRACE_BASE_LIST_H
#define MILLRACE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The item of type `type` whose member `member` is the node `node`. */
#define LIST_ITEM(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))

/* Walk `head`; the body may remove `node`, but no other. */
#define LIST_EACH(node, head)                                                      \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list *node)
{
    node->next = node->prev = node;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Put `node` at the end of `head`'s list; it must be in none. */
static inline void list_append(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* The same at its beginning. */
static inline void list_prepend(struct list *head, struct list *node)
{
    list_append(head->next, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Move all of `from` to the end of `to`, in order. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif

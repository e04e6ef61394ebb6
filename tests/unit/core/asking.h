/* asking.h - sessions that ask to play, of one worker that does not run, and who holds their questions. */
#ifndef MILLRACE_TESTS_ASKING_H
#define MILLRACE_TESTS_ASKING_H

#include "base/alloc.h"
#include "core/access.h"
#include "core/config.h"
#include "core/context.h"
#include "core/events.h"
#include "core/worker.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { ASKED_MAX = 64 };

struct asking {
    struct event_observer  observer; /* first */
    struct access_decider  decider;
    struct config         *config;
    struct context        *context;
    struct worker         *worker;
    bool                   decides;
    struct access_question *questions[ASKED_MAX];
    size_t                 count;
    unsigned               withdrawn;
    char                   log[4096]; /* "prePlay /live/a, ..." */
};

struct asker {
    struct session       base;
    bool                 answered;
    struct access_answer answer;
    char                 why[ACCESS_REASON_SIZE];
};

static inline void asking_on_event(struct event_observer *observer, const struct event *e)
{
    struct asking *a = (struct asking *)observer;
    size_t         used = strlen(a->log);
    snprintf(a->log + used, sizeof a->log - used, "%s%s %s", used > 0 ? ", " : "", events_name(e->type), e->path);
    if (a->decides && e->question != NULL)
        a->questions[a->count++] = access_take(e->question, &a->decider);
}

static inline void asking_on_withdrawn(struct access_decider *decider)
{
    LIST_ITEM(decider, struct asking, decider)->withdrawn++;
}

static inline struct asking *asking_new(void)
{
    struct asking *a = alloc_zeroed(sizeof *a);
    a->observer.on_event = asking_on_event;
    a->decider.on_withdrawn = asking_on_withdrawn;
    a->decides = true;
    a->config = config_new();
    a->context = context_new(a->config);
    a->context->workers = alloc_zeroed(sizeof *a->context->workers);
    a->context->worker_count = 1;
    a->worker = a->context->workers[0] = worker_new(a->context, 0);
    events_add(a->context, &a->observer);
    return a;
}

static inline void asking_free(struct asking *a)
{
    worker_free_all(a->context);
    context_free(a->context);
    config_free(a->config);
    free(a);
}

static inline void asker_on_close(struct session *s, const char *reason)
{
    (void)s, (void)reason;
}

static inline void asker_destroy(struct session *s)
{
    free(s);
}

static inline void asker_on_answer(struct session *s, enum auth_use use, const struct access_answer *answer)
{
    struct asker *asker = (struct asker *)s;
    (void)use;
    asker->answered = true;
    asker->answer = *answer;
    snprintf(asker->why, sizeof asker->why, "%s", answer->why != NULL ? answer->why : "");
}

/* A session that asks for the stream `path`, with the query `query`. */
static inline struct asker *asking_ask(struct asking *a, const char *path, const char *query)
{
    static const struct session_ops ops = { .name = "TEST", .on_close = asker_on_close, .destroy = asker_destroy };
    struct asker           *asker = alloc_zeroed(sizeof *asker);
    struct sockaddr_storage peer = { 0 };
    struct sockaddr_in     *in = (struct sockaddr_in *)&peer;
    struct url_stream       stream;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(context_admit(a->context, "127.0.0.1"));
    session_init(&asker->base, a->worker, &ops, &peer);
    CHECK_EQ(url_stream_from_path(path, &stream, NULL), 0);
    stream.query = bytes_of(query);
    session_set_stream(&asker->base, &stream);
    access_ask(&asker->base, AUTH_PLAY, asker_on_answer);
    return asker;
}

static inline void asking_settle(struct asking *a, size_t index, const struct access_verdict *verdict)
{
    access_settle(a->questions[index], verdict);
    worker_settle_all(a->context);
}

#endif

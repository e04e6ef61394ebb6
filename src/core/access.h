/* access.h - may this session play, may it publish?  The one door to every stream.
 *
 * A session that knows its stream (session_set_stream()) asks before it accepts anything or says
 * a word of success, in this order: the rules on addresses, then the key or the sign, then whoever decides
 * beside us (webhooks); who may be the publisher of a stream that has one is core/broadcast.h's to
 * say, after that.  Whatever the protocol, there is no other way in, and no address has a right of
 * its own.  Sessions of our own (a recording) do not ask.
 *
 * The answer comes by a call: now, or when somebody else who must be asked has answered.  Until
 * then access_is_asked(), and the session does nothing for its peer and leaves its input unread; if
 * it ends meanwhile, the call does not come. */
#ifndef MILLRACE_CORE_ACCESS_H
#define MILLRACE_CORE_ACCESS_H

#include "core/auth.h"
#include "core/session.h"
#include "protocol/url.h"

#include <stdatomic.h>
#include <stdbool.h>

struct config;

#define ACCESS_REASON_SIZE 160
#define ACCESS_LOG_SIZE    (URL_PATH_SIZE + ACCESS_REASON_SIZE + 128)

struct access_answer {
    bool        allowed;
    bool        failed; /* not allowed, for now: who decides could not be asked */
    const char *why;    /* not allowed: a phrase for the client */
    char        log[ACCESS_LOG_SIZE]; /* not allowed: what the log says */
};

/* `use` is what was asked for; the answer is borrowed for the call.  The session may have got another
 * stream meanwhile: see session_path(). */
typedef void access_answer_fn(struct session *, enum auth_use, const struct access_answer *);

/* On the session's worker. */
void access_ask(struct session *, enum auth_use, access_answer_fn *);

static inline bool access_is_asked(const struct session *s)
{
    return s->question != NULL;
}

/* The session ends: nobody needs an answer any more.  For session_close(). */
void access_withdraw(struct session *);

/* The keys by which `config` (of an app, config_of_app()) checks signs.  The first one signs. */
void access_keys(const struct config *, struct auth_keys *out);

/* For who decides: an observer that is told of prePublish or prePlay may take the question within
 * the call, if no other has, and answers it later, from any thread. */

struct access_verdict {
    enum { ACCESS_ALLOWED, ACCESS_REFUSED, ACCESS_FAILED } result;
    char reason[ACCESS_REASON_SIZE]; /* refused, failed: for the client, visible UTF-8; "": none given */
    char path[URL_PATH_SIZE];        /* allowed: the stream it gets instead; "": the one it named */
};

struct access_decider {
    /* On the session's worker: the session has ended, and no answer is waited for. */
    void (*on_withdrawn)(struct access_decider *);
};

struct access_question;

/* NULL if another has taken it, or there is none.  `decider` is borrowed until the answer. */
struct access_question *access_take(struct access_question *, struct access_decider *);

/* Whether somebody still waits.  From any thread. */
bool access_is_wanted(const struct access_question *);

/* Give the answer, once; the question is let go of.  From any thread, while the workers run or
 * before they are freed. */
void access_settle(struct access_question *, const struct access_verdict *);

#endif

/* access.h - may this session play, may it publish?  The one door to every stream.
 *
 * A session that knows its stream (session_set_stream()) asks before it accepts anything or says
 * a word of success, in this order: the rules on addresses, then the sign; who may be the
 * publisher of a stream that has one is core/broadcast.h's to say, after that.  Whatever the
 * protocol, there is no other way in, and no address has a right of its own.  Sessions of our own
 * (a recording) do not ask.
 *
 * The answer comes by a call: now, or when somebody else who must be asked has answered.  Until
 * then the session does nothing for its peer; if it ends meanwhile, the call does not come. */
#ifndef MILLRACE_CORE_ACCESS_H
#define MILLRACE_CORE_ACCESS_H

#include "core/auth.h"
#include "protocol/url.h"

struct config;
struct session;

#define ACCESS_LOG_SIZE (URL_PATH_SIZE + 128)

struct access_answer {
    bool        allowed;
    const char *why; /* not allowed: a static phrase for the client */
    char        log[ACCESS_LOG_SIZE]; /* not allowed: what the log says */
};

/* `use` is what was asked for; the answer is borrowed for the call. */
typedef void access_answer_fn(struct session *, enum auth_use, const struct access_answer *);

/* On the session's worker. */
void access_ask(struct session *, enum auth_use, access_answer_fn *);

/* The keys by which `config` (of an app, config_of_app()) checks signs.  The first one signs. */
void access_keys(const struct config *, struct auth_keys *out);

#endif

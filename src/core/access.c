#include "core/access.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/context.h"
#include "core/events.h"
#include "core/stream_key.h"
#include "core/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `deny` wins; then who is on a list that is not empty, or anybody. */
static bool is_address_allowed(const struct config *config, enum auth_use use, const char *ip)
{
    const struct cidr_list *allow = use == AUTH_PUBLISH ? &config->publish.allow : &config->play.allow;
    const struct cidr_list *deny = use == AUTH_PUBLISH ? &config->publish.deny : &config->play.deny;
    return !cidr_list_has(deny, ip) && (allow->count == 0 || cidr_list_has(allow, ip));
}

void access_keys(const struct config *config, struct auth_keys *out)
{
    *out = (struct auth_keys){ .legacy = config->auth.legacy };
    if (config->auth.secret[0] != '\0')
        out->secrets[out->count++] = config->auth.secret;
    for (size_t i = 0; i < config->auth.secrets.count && out->count < AUTH_SECRETS_MAX; i++)
        out->secrets[out->count++] = config->auth.secrets.items[i];
}

static const char *find_sign_fault(const struct session *s, const struct config *config, enum auth_use use)
{
    struct auth_keys    keys;
    struct auth_request request = {
        .use = use,
        .path = session_path(s),
        .query = s->stream->query,
        .ip = s->ip,
        .now_s = clock_wall_ms() / 1000,
    };
    access_keys(config, &keys);
    return auth_refusal(&request, &keys);
}

static void check_sign(struct session *s, const struct config *config, enum auth_use use,
                       struct access_answer *answer)
{
    bool wanted = use == AUTH_PUBLISH ? config->auth.publish : config->auth.play;
    if (!wanted)
        return;
    answer->why = find_sign_fault(s, config, use);
    answer->allowed = answer->why == NULL;
    if (answer->allowed)
        return;
    stats_add(&s->worker->context->stats.refused_by_sign, 1);
    snprintf(answer->log, sizeof answer->log, "%s stream %s authentication verification failed: %s",
             auth_use_name(use), session_path(s), answer->why);
}

static void refuse_key(struct session *s, const char *why, struct access_answer *answer)
{
    answer->allowed = false;
    answer->why = why;
    stats_add(&s->worker->context->stats.refused_by_sign, 1);
    snprintf(answer->log, sizeof answer->log, "publish stream %s authentication verification failed: %s",
             session_path(s), answer->why);
}

static void refuse_address(struct session *s, enum auth_use use, struct access_answer *answer)
{
    answer->allowed = false;
    answer->why = "not allowed from this address";
    stats_add(&s->worker->context->stats.refused_by_address, 1);
    snprintf(answer->log, sizeof answer->log, "%s stream %s is not allowed from this address",
             auth_use_name(use), session_path(s));
}

/* What our own rules say. */
static void check_rules(struct session *s, enum auth_use use, struct access_answer *answer)
{
    const char *key_fault = NULL;
    bool        keyed = use == AUTH_PUBLISH && stream_key_apply(s, &key_fault);
    const struct config *config = config_of_app(s->worker->config, s->stream->app);
    answer->allowed = is_address_allowed(config, use, s->ip);
    if (!answer->allowed) /* first: whoever is shut out does not learn which keys there are */
        refuse_address(s, use, answer);
    else if (key_fault != NULL)
        refuse_key(s, key_fault, answer);
    else if (!keyed)
        check_sign(s, config, use, answer);
}

/* Others who decide. */

/* Counted: one reference is the session's, one that of who has taken it. */
struct access_question {
    atomic_uint            refs;
    atomic_bool            wanted;
    struct worker         *worker;
    struct session        *session; /* its worker's; NULL: it has ended */
    enum auth_use          use;
    access_answer_fn      *answer;
    struct access_decider *decider; /* NULL: nobody has taken it */
    struct access_verdict  verdict;
};

static void unref(struct access_question *q)
{
    if (atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) == 1)
        free(q);
}

/* The session lets go of its question. */
static void part(struct session *s)
{
    struct access_question *q = s->question;
    s->question = NULL;
    q->session = NULL;
    atomic_store_explicit(&q->wanted, false, memory_order_relaxed);
}

void access_withdraw(struct session *s)
{
    struct access_question *q = s->question;
    if (q == NULL)
        return;
    part(s);
    q->decider->on_withdrawn(q->decider);
    unref(q);
}

struct access_question *access_take(struct access_question *q, struct access_decider *decider)
{
    if (q == NULL || q->decider != NULL)
        return NULL;
    q->decider = decider;
    atomic_fetch_add_explicit(&q->refs, 1, memory_order_relaxed);
    return q;
}

bool access_is_wanted(const struct access_question *q)
{
    return atomic_load_explicit(&q->wanted, memory_order_relaxed);
}

/* It gets another stream than it asked for, with the query that it came with.  The rules on addresses
 * of that stream's app hold for it; a sign was checked already. */
static void rename_stream(struct session *s, enum auth_use use, const char *path, struct access_answer *answer)
{
    struct url_stream stream;
    if (url_stream_from_path(path, &stream, NULL) != 0)
        return; /* who decides has checked it */
    stream.query = s->stream->query;
    session_set_stream(s, &stream);
    log_info(&s->log, "%s session %s %s is to %s %s, by a webhook", s->ops->name, s->id, s->ip,
             auth_use_name(use), stream.path); /* what it asked for may be a secret name */
    if (!is_address_allowed(config_of_app(s->worker->config, s->stream->app), use, s->ip))
        refuse_address(s, use, answer);
}

static void refuse_by_decision(struct session *s, enum auth_use use, const struct access_verdict *v,
                               struct access_answer *answer)
{
    bool failed = v->result == ACCESS_FAILED;
    answer->failed = failed;
    answer->why = v->reason[0] != '\0' ? v->reason : failed ? "try again later" : "not allowed";
    stats_add(&s->worker->context->stats.refused_by_hook, 1);
    snprintf(answer->log, sizeof answer->log, "%s stream %s %s by a webhook: %s", auth_use_name(use),
             session_path(s), failed ? "could not be allowed" : "was refused", answer->why);
}

static void post_verdict(void *question, void *unused)
{
    struct access_question *q = question;
    struct session         *s = q->session;
    struct access_answer    answer = { .allowed = q->verdict.result == ACCESS_ALLOWED };
    (void)unused;
    if (s != NULL) {
        part(s);
        if (!answer.allowed)
            refuse_by_decision(s, q->use, &q->verdict, &answer);
        else if (q->verdict.path[0] != '\0' && strcmp(q->verdict.path, session_path(s)) != 0)
            rename_stream(s, q->use, q->verdict.path, &answer);
        q->answer(s, q->use, &answer);
        unref(q);
    }
    unref(q);
}

void access_settle(struct access_question *q, const struct access_verdict *verdict)
{
    q->verdict = *verdict;
    worker_post(NULL, q->worker, post_verdict, q, NULL);
}

static struct access_question *new_question(struct session *s, enum auth_use use, access_answer_fn *answer_fn)
{
    struct access_question *q = alloc_zeroed(sizeof *q);
    atomic_init(&q->refs, 1);
    atomic_init(&q->wanted, true);
    q->worker = s->worker;
    q->session = s;
    q->use = use;
    q->answer = answer_fn;
    return q;
}

/* True if somebody has taken the question, and answers later. */
static bool ask_others(struct session *s, enum auth_use use, access_answer_fn *answer_fn)
{
    struct access_question *q = new_question(s, use, answer_fn);
    events_emit_question(use == AUTH_PUBLISH ? EVENT_PRE_PUBLISH : EVENT_PRE_PLAY, s, q);
    if (q->decider == NULL) {
        free(q);
        return false;
    }
    s->question = q;
    return true;
}

void access_ask(struct session *s, enum auth_use use, access_answer_fn *answer_fn)
{
    struct access_answer answer = { 0 };
    check_rules(s, use, &answer);
    if (!answer.allowed || !ask_others(s, use, answer_fn))
        answer_fn(s, use, &answer);
}

#include "core/access.h"

#include "base/clock.h"
#include "core/context.h"
#include "core/session.h"
#include "core/stream_key.h"
#include "core/worker.h"

#include <stdio.h>

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

static void refuse_key(struct session *s, struct access_answer *answer)
{
    stats_add(&s->worker->context->stats.refused_by_sign, 1);
    snprintf(answer->log, sizeof answer->log, "publish stream %s authentication verification failed: %s",
             session_path(s), answer->why);
}

void access_ask(struct session *s, enum auth_use use, access_answer_fn *answer_fn)
{
    struct access_answer answer = { 0 };
    bool                 keyed = use == AUTH_PUBLISH && stream_key_apply(s, &answer.why);
    if (answer.why != NULL) {
        refuse_key(s, &answer);
        answer_fn(s, use, &answer);
        return;
    }
    const struct config *config = config_of_app(s->worker->config, s->stream->app);
    answer.allowed = is_address_allowed(config, use, s->ip);
    if (answer.allowed && !keyed) {
        check_sign(s, config, use, &answer);
    } else if (!answer.allowed) {
        answer.why = "not allowed from this address";
        stats_add(&s->worker->context->stats.refused_by_address, 1);
        snprintf(answer.log, sizeof answer.log, "%s stream %s is not allowed from this address",
                 auth_use_name(use), session_path(s));
    }
    answer_fn(s, use, &answer);
}

/* millrace-bench - a load generator for live streaming servers; see README.md beside this file. */
#include "base/alloc.h"
#include "base/error.h"
#include "bench/director.h"
#include "bench/media.h"
#include "bench/report.h"
#include "bench/secure.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { OK, FAILED, USAGE };

static int complain(const char *text)
{
    fprintf(stderr, "millrace-bench: %s\n", text);
    return USAGE;
}

/* One descriptor for each connection, and a few. */
static void raise_descriptors(const struct settings *s)
{
    struct rlimit limit;
    rlim_t        wanted = (rlim_t)s->viewers + s->publish + 64;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return;
    struct rlimit raised = { wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted };
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return;
    raised = (struct rlimit){ limit.rlim_max, limit.rlim_max };
    setrlimit(RLIMIT_NOFILE, &raised);
    fprintf(stderr, "millrace-bench: only %llu descriptors are allowed (ulimit -n): some viewers will fail\n",
            (unsigned long long)limit.rlim_max);
}

static int pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

/* Which protocols are spoken at all. */
static bool uses(const struct settings *s, enum protocol protocol)
{
    if (protocol == PROTOCOL_RTMP && s->publish > 0)
        return true;
    for (unsigned i = 0; i < s->mix_count && s->viewers > 0; i++)
        if (s->mix[i] == protocol)
            return true;
    return false;
}

static bool uses_tls(const struct settings *s)
{
    return uses(s, PROTOCOL_RTMPS) || uses(s, PROTOCOL_HTTPS) || uses(s, PROTOCOL_WSS);
}

static int make_targets(struct plan *plan, char why[TARGET_WHY_SIZE])
{
    const struct settings *s = plan->settings;
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        uint32_t count = protocol == PROTOCOL_RTMP && s->publish > s->streams ? s->publish : s->streams;
        if (!uses(s, protocol))
            continue;
        plan->targets[protocol] = alloc_zeroed(count * sizeof **plan->targets);
        int error = target_make(protocol, s->urls[protocol], count, s->allow_remote, plan->targets[protocol],
                                why);
        if (error < 0)
            return error;
    }
    return 0;
}

static void make_popularity(struct plan *plan)
{
    const struct settings *s = plan->settings;
    double                 sum = 0;
    if (s->zipf == 0)
        return;
    plan->popularity = alloc_zeroed(s->streams * sizeof *plan->popularity);
    for (uint32_t i = 0; i < s->streams; i++)
        plan->popularity[i] = sum += pow(i + 1, -s->zipf);
    for (uint32_t i = 0; i < s->streams; i++)
        plan->popularity[i] /= sum;
}

static void on_signal(int number)
{
    (void)number;
    director_interrupt();
}

static void *run_engine(void *engine)
{
    engine_run(engine);
    return NULL;
}

/* The first engine runs here. */
static void run_engines(struct engine **engines, unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        if (pthread_create(&engines[i]->thread, NULL, run_engine, engines[i]) != 0)
            abort();
    engine_run(engines[0]);
    for (unsigned i = 1; i < count; i++)
        pthread_join(engines[i]->thread, NULL);
}

static int report(const struct outcome *o)
{
    const char *json = o->settings->json;
    char        why[200];
    if (json == NULL || strcmp(json, "-") != 0)
        report_print(o, stdout);
    if (json != NULL && report_write_json(o, json) < 0) {
        fprintf(stderr, "millrace-bench: %s: %s\n", json, strerror(errno));
        return FAILED;
    }
    return report_passed(o, why) ? OK : FAILED;
}

static int run(struct plan *plan)
{
    unsigned         count = plan->settings->threads;
    struct engine  **engines = alloc_zeroed(count * sizeof *engines);
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
    raise_descriptors(plan->settings);
    for (unsigned i = 0; i < count; i++)
        engines[i] = engine_new(plan, i);
    struct director *director = director_new(plan, engines, count);
    engines[0]->on_tick = director_tick;
    engines[0]->on_tick_arg = director;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    run_engines(engines, count);
    int status = report(director_outcome(director));
    director_free(director);
    for (unsigned i = 0; i < count; i++)
        engine_free(engines[i]);
    free(engines);
    return status;
}

static void clear_plan(struct plan *plan)
{
    const struct settings *s = plan->settings;
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        uint32_t count = protocol == PROTOCOL_RTMP && s->publish > s->streams ? s->publish : s->streams;
        for (uint32_t i = 0; plan->targets[protocol] != NULL && i < count; i++)
            target_clear(&plan->targets[protocol][i]);
        free(plan->targets[protocol]);
    }
    secure_context_free(plan->tls);
    free(plan->popularity);
    media_free((struct media *)plan->media);
}

static int prepare(struct plan *plan, char why[TARGET_WHY_SIZE])
{
    const struct settings *s = plan->settings;
    struct usage           usage;
    int                    error = make_targets(plan, why);
    if (error < 0)
        return error;
    make_popularity(plan);
    if (uses_tls(s) && (plan->tls = secure_context_new()) == NULL) {
        snprintf(why, TARGET_WHY_SIZE, "OpenSSL does not start");
        return ERR_SYSTEM;
    }
    if (procfs_read_usage(s->pids, s->pid_count, &usage) < 0) {
        snprintf(why, TARGET_WHY_SIZE, "--pid: there is no such process");
        return ERR_INVALID;
    }
    if (s->cpu >= 0 && pin(s->cpu) < 0) {
        snprintf(why, TARGET_WHY_SIZE, "--cpu %d: %s", s->cpu, strerror(errno));
        return ERR_INVALID;
    }
    if (s->publish == 0)
        return 0;
    struct media *media = media_load(s->file, why);
    if (media == NULL)
        return ERR_INVALID;
    plan->media = media;
    plan->limits.audio_step_ms = media->audio_step_ms;
    plan->limits.video_step_ms = media->video_step_ms;
    plan->limits.audio_only = media->video_step_ms == 0;
    return 0;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct plan     plan = { .settings = &settings };
    char            why[TARGET_WHY_SIZE];
    int             status = OK;
    if (settings_parse(argc, argv, &settings, why) < 0)
        status = complain(why);
    else if (settings.help)
        settings_print_help(stdout);
    else if (settings.version)
        puts("millrace-bench " MILLRACE_VERSION);
    else
        status = prepare(&plan, why) < 0 ? complain(why) : run(&plan);
    clear_plan(&plan);
    settings_clear(&settings);
    return status;
}

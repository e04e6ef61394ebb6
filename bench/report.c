#include "bench/report.h"

#include <inttypes.h>

#define OTHERS_CORES 0.2 /* what the rest of the machine may use before we say so */

const char *report_group_name(unsigned group)
{
    return group == GROUP_SLOW ? "slow" : protocol_name((enum protocol)group);
}

struct summary report_summary(const struct outcome *o)
{
    const struct mark *before = &o->marks[MARK_BEFORE];
    const struct mark *start = &o->marks[MARK_START], *end = &o->marks[MARK_END];
    struct summary     s = { .viewers = o->counts.watching };
    if (end->time_us == 0)
        return s;
    s.measured_s = (double)(end->time_us - start->time_us) / 1e6;
    double user_s = end->server.user_s - start->server.user_s;
    double system_s = end->server.system_s - start->server.system_s;
    s.server_cores = (user_s + system_s) / s.measured_s;
    s.own_cores = (end->own_s - start->own_s) / s.measured_s;
    s.machine_cores = (end->machine.busy_s - start->machine.busy_s) / s.measured_s;
    s.softirq_cores = (end->machine.softirq_s - start->machine.softirq_s) / s.measured_s;
    s.steal_cores = (end->machine.steal_s - start->machine.steal_s) / s.measured_s;
    if (s.viewers > 0) {
        s.user_us = user_s / s.measured_s / s.viewers * 1e6;
        s.system_us = system_s / s.measured_s / s.viewers * 1e6;
        s.rss_per_viewer = ((double)end->server.rss_bytes - (double)before->server.rss_bytes) / s.viewers;
    }
    return s;
}

/* What came through, of everyone who reads as fast as they can. */
static bool is_lossless(const struct outcome *o)
{
    for (unsigned part = 0; part < PART_COUNT; part++)
        for (unsigned group = 0; group < GROUP_SLOW; group++)
            if (!figures_are_clean(&o->figures[part][group]))
                return false;
    return true;
}

bool report_passed(const struct outcome *o, char why[200])
{
    uint32_t publishers_failed = o->settings->publish - o->counts.publishers_live;
    why[0] = '\0';
    if (publishers_failed > 0)
        snprintf(why, 200, "%u publishers failed", publishers_failed);
    else if (o->counts.failed > 0)
        snprintf(why, 200, "%u viewers failed", o->counts.failed);
    else if (o->counts.starved > 0)
        snprintf(why, 200, "%u viewers got nothing in the end", o->counts.starved);
    else if (o->marks[MARK_END].time_us == 0)
        snprintf(why, 200, "nothing was measured");
    else if (o->settings->expect_lossless && !is_lossless(o))
        snprintf(why, 200, "something was lost, repeated or out of order");
    return why[0] == '\0';
}

/* A row for each group that has viewers. */
static void print_groups(const struct outcome *o, FILE *out, const char *title,
                         void (*row)(const struct outcome *, unsigned group, FILE *))
{
    fprintf(out, "\n%s\n", title);
    for (unsigned group = 0; group < GROUP_COUNT; group++)
        if (o->group_sizes[group] > 0)
            row(o, group, out);
}

static void delivery_row(const struct outcome *o, unsigned group, FILE *out)
{
    const struct figures *f = &o->figures[PART_MEASURE][group], *j = &o->figures[PART_JOIN][group];
    double                seconds = report_summary(o).measured_s;
    fprintf(out, "%-8s %9u %8u %10.1f %10.0f %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n",
            report_group_name(group), o->group_sizes[group], o->group_failed[group],
            seconds > 0 ? (double)f->bytes * 8 / 1e6 / seconds : 0,
            seconds > 0 ? (double)f->messages / seconds : 0,
            f->missing + j->missing, f->repeated + j->repeated + f->foreign + j->foreign,
            f->time_back + j->time_back, f->time_gaps + j->time_gaps);
}

static void print_histogram(const char *name, const char *what, const struct histogram *h, FILE *out)
{
    static const double percents[] = { 50, 90, 99, 99.9 };
    fprintf(out, "%-8s %-16s", name, what);
    for (unsigned i = 0; i < sizeof percents / sizeof *percents; i++)
        fprintf(out, " %9.2f", (double)histogram_percentile(h, percents[i]) / 1e3);
    fprintf(out, " %9.2f\n", (double)h->max_us / 1e3);
}

static void latency_row(const struct outcome *o, unsigned group, FILE *out)
{
    const struct figures *f = o->figures[PART_MEASURE] + group, *j = o->figures[PART_JOIN] + group;
    if (f->latency.count > 0)
        print_histogram(report_group_name(group), "latency", &f->latency, out);
    if (j->latency.count > 0)
        print_histogram(report_group_name(group), "  during joins", &j->latency, out);
}

static void first_row(const struct outcome *o, unsigned group, FILE *out)
{
    struct histogram connect = o->figures[PART_JOIN][group].first_connect;
    struct histogram play = o->figures[PART_JOIN][group].first_play;
    histogram_merge(&connect, &o->figures[PART_MEASURE][group].first_connect);
    histogram_merge(&play, &o->figures[PART_MEASURE][group].first_play);
    print_histogram(report_group_name(group), "from connect", &connect, out);
    print_histogram(report_group_name(group), "from play", &play, out);
}

static void print_server(const struct outcome *o, const struct summary *s, FILE *out)
{
    double before = (double)o->marks[MARK_BEFORE].server.rss_bytes / 1e6;
    double end = (double)o->marks[MARK_END].server.rss_bytes / 1e6;
    double after = (double)o->marks[MARK_AFTER].server.rss_bytes / 1e6;
    fprintf(out, "\nserver   %.1f %% of a core; for each viewer-second %.1f us: user %.1f, system %.1f\n",
            s->server_cores * 100, s->user_us + s->system_us, s->user_us, s->system_us);
    fprintf(out, "memory   %.1f MB before, %.1f MB with the viewers (%.1f kB each), %.1f MB after\n", before,
            end, s->rss_per_viewer / 1e3, after);
}

static void print_machine(const struct outcome *o, const struct summary *s, FILE *out)
{
    double others = s->machine_cores - s->server_cores - s->own_cores;
    fprintf(out, "machine  %.0f %% of a core busy, softirq %.0f %%, stolen %.0f %%; socket buffers %.1f MB\n",
            s->machine_cores * 100, s->softirq_cores * 100, s->steal_cores * 100,
            (double)o->marks[MARK_END].machine.tcp_memory_bytes / 1e6);
    if (o->settings->pid_count > 0 && others > OTHERS_CORES)
        fprintf(out, "         other work takes %.0f %% of a core: it disturbs these figures\n",
                others * 100);
    fprintf(out, "own      %.0f %% of a core%s", s->own_cores * 100,
            s->own_cores > 0.85 * o->settings->threads ? ": too busy, latency is partly ours" : "");
    if (o->lateness.count > 0)
        fprintf(out, "; publishers late by %.1f ms (99 %%), %.1f ms at most",
                (double)histogram_percentile(&o->lateness, 99) / 1e3, (double)o->lateness.max_us / 1e3);
    fprintf(out, "\n");
}

void report_print(const struct outcome *o, FILE *out)
{
    struct summary s = report_summary(o);
    char           why[200];
    fprintf(out, "\npublishers %u, streams watched %u, viewers %u; joined in %.1f s, measured for %.1f s%s\n",
            o->settings->publish, o->settings->streams, o->settings->viewers, o->join_s, s.measured_s,
            o->interrupted ? ", interrupted" : "");
    if (o->settings->viewers > 0)
        print_groups(o, out, "           viewers   failed       Mb/s messages/s   missing  repeated"
                     " time back time gaps", delivery_row);
    if (o->counts.watching > 0) {
        print_groups(o, out, "milliseconds                   50 %      90 %      99 %    99.9 %       max",
                     latency_row);
        print_groups(o, out, "to the first picture           50 %      90 %      99 %    99.9 %       max",
                     first_row);
    }
    if (o->settings->pid_count > 0)
        print_server(o, &s, out);
    print_machine(o, &s, out);
    if (o->counts.churned > 0)
        fprintf(out, "churn    %u viewers left and came back\n", o->counts.churned);
    for (unsigned i = 0; i < o->tally.count; i++)
        fprintf(out, "%8" PRIu64 " x %s\n", o->tally.items[i].count, o->tally.items[i].why);
    fprintf(out, "\n%s%s\n", report_passed(o, why) ? "passed" : "FAILED: ", why);
}

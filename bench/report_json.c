#include "base/error.h"
#include "bench/report.h"

#include <jansson.h>

static json_t *histogram_json(const struct histogram *h)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f}",
                     "count", (json_int_t)h->count, "mean", histogram_mean_us(h) / 1e3,
                     "p50", (double)histogram_percentile(h, 50) / 1e3,
                     "p90", (double)histogram_percentile(h, 90) / 1e3,
                     "p99", (double)histogram_percentile(h, 99) / 1e3,
                     "p99.9", (double)histogram_percentile(h, 99.9) / 1e3,
                     "max", (double)h->max_us / 1e3);
}

static json_t *figures_json(const struct figures *f, double seconds)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o, s:o}",
                     "bytes", (json_int_t)f->bytes, "messages", (json_int_t)f->messages,
                     "pictures", (json_int_t)f->pictures, "cached", (json_int_t)f->cached,
                     "missing", (json_int_t)f->missing, "gaps", (json_int_t)f->gaps,
                     "repeated", (json_int_t)f->repeated, "foreign", (json_int_t)f->foreign,
                     "time_back", (json_int_t)f->time_back, "time_gaps", (json_int_t)f->time_gaps,
                     "mbit_per_s", seconds > 0 ? (double)f->bytes * 8 / 1e6 / seconds : 0.0,
                     "latency_ms", histogram_json(&f->latency),
                     "first_from_connect_ms", histogram_json(&f->first_connect),
                     "first_from_play_ms", histogram_json(&f->first_play));
}

static json_t *groups_json(const struct outcome *o, double seconds)
{
    json_t *groups = json_object();
    for (unsigned group = 0; group < GROUP_COUNT; group++) {
        if (o->group_sizes[group] == 0)
            continue;
        json_object_set_new(groups, report_group_name(group),
                            json_pack("{s:i, s:i, s:o, s:o}",
                                      "viewers", (int)o->group_sizes[group],
                                      "failed", (int)o->group_failed[group],
                                      "joining", figures_json(&o->figures[PART_JOIN][group], 0),
                                      "measured", figures_json(&o->figures[PART_MEASURE][group], seconds)));
    }
    return groups;
}

static json_t *server_json(const struct outcome *o, const struct summary *s)
{
    if (o->settings->pid_count == 0)
        return json_null();
    return json_pack("{s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:f}",
                     "cores", s->server_cores, "us_per_viewer_second", s->user_us + s->system_us,
                     "user_us_per_viewer_second", s->user_us, "system_us_per_viewer_second", s->system_us,
                     "rss_before", (json_int_t)o->marks[MARK_BEFORE].server.rss_bytes,
                     "rss_with_viewers", (json_int_t)o->marks[MARK_END].server.rss_bytes,
                     "rss_after", (json_int_t)o->marks[MARK_AFTER].server.rss_bytes,
                     "rss_per_viewer", s->rss_per_viewer);
}

static json_t *reasons_json(const struct tally *t)
{
    json_t *reasons = json_object();
    for (unsigned i = 0; i < t->count; i++)
        json_object_set_new(reasons, t->items[i].why, json_integer((json_int_t)t->items[i].count));
    return reasons;
}

static json_t *report_json(const struct outcome *o)
{
    struct summary s = report_summary(o);
    char           why[200];
    bool           passed = report_passed(o, why);
    return json_pack("{s:b, s:s, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i,"
                     " s:f, s:f, s:o, s:o, s:o, s:o, s:o}",
                     "passed", passed, "why", why, "interrupted", o->interrupted,
                     "publishers", (int)o->settings->publish,
                     "publishers_live", (int)o->counts.publishers_live,
                     "streams", (int)o->settings->streams, "viewers", (int)o->settings->viewers,
                     "watching", (int)o->counts.watching, "starved", (int)o->counts.starved,
                     "slow_closed", (int)o->counts.slow_closed, "churned", (int)o->counts.churned,
                     "join_s", o->join_s, "measured_s", s.measured_s,
                     "groups", groups_json(o, s.measured_s), "server", server_json(o, &s),
                     "generator", json_pack("{s:f, s:o}", "cores", s.own_cores,
                                            "publishers_late_ms", histogram_json(&o->lateness)),
                     "machine", json_pack("{s:f, s:f, s:f, s:I}", "cores", s.machine_cores,
                                          "softirq_cores", s.softirq_cores, "steal_cores", s.steal_cores,
                                          "tcp_bytes",
                                          (json_int_t)o->marks[MARK_END].machine.tcp_memory_bytes),
                     "failures", reasons_json(&o->tally));
}

int report_write_json(const struct outcome *o, const char *path)
{
    FILE   *out = path[0] == '-' && path[1] == '\0' ? stdout : fopen(path, "w");
    json_t *document = out != NULL ? report_json(o) : NULL;
    size_t  flags = JSON_INDENT(2) | JSON_REAL_PRECISION(9);
    bool    ok = document != NULL && json_dumpf(document, out, flags) == 0 &&
              fputc('\n', out) != EOF && fflush(out) == 0;
    json_decref(document);
    if (out != NULL && out != stdout && fclose(out) != 0)
        ok = false;
    return ok ? 0 : ERR_SYSTEM;
}

#include "protocol/metrics_writer.h"

static void add_family(struct metrics_writer *w, const char *what)
{
    text_add_string(w->out, what);
    text_add_string(w->out, w->name);
    if (w->type == METRICS_COUNTER && !w->open)
        text_add_string(w->out, "_total");
    text_add_char(w->out, ' ');
}

void metrics_begin(struct metrics_writer *w, const char *name, enum metrics_type type, const char *help)
{
    w->name = name;
    w->type = type;
    add_family(w, "# HELP ");
    text_add_string(w->out, help);
    add_family(w, "\n# TYPE ");
    text_add_string(w->out, type == METRICS_COUNTER ? "counter\n" : "gauge\n");
}

static void add_value(struct text *t, const char *value)
{
    text_add_char(t, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            text_add_char(t, '\\');
        if (*value == '\n')
            text_add_string(t, "\\n");
        else
            text_add_char(t, *value);
    }
    text_add_char(t, '"');
}

static void begin_sample(struct metrics_writer *w, const struct metrics_label *labels)
{
    text_add_string(w->out, w->name);
    if (w->type == METRICS_COUNTER)
        text_add_string(w->out, "_total");
    if (labels != NULL && labels->name != NULL) {
        text_add_char(w->out, '{');
        for (const struct metrics_label *l = labels; l < labels + METRICS_LABELS_MAX && l->name != NULL;
             l++) {
            if (l > labels)
                text_add_char(w->out, ',');
            text_add_string(w->out, l->name);
            text_add_char(w->out, '=');
            add_value(w->out, l->value);
        }
        text_add_char(w->out, '}');
    }
    text_add_char(w->out, ' ');
}

void metrics_sample(struct metrics_writer *w, const struct metrics_label *labels, uint64_t value)
{
    begin_sample(w, labels);
    text_add_number(w->out, value);
    text_add_char(w->out, '\n');
}

void metrics_sample_real(struct metrics_writer *w, const struct metrics_label *labels, double value)
{
    begin_sample(w, labels);
    text_add_real(w->out, value);
    text_add_char(w->out, '\n');
}

void metrics_single(struct metrics_writer *w, const char *name, enum metrics_type type, const char *help,
                    uint64_t value)
{
    metrics_begin(w, name, type, help);
    metrics_sample(w, NULL, value);
}

void metrics_single_real(struct metrics_writer *w, const char *name, enum metrics_type type, const char *help,
                         double value)
{
    metrics_begin(w, name, type, help);
    metrics_sample_real(w, NULL, value);
}

void metrics_end(struct metrics_writer *w)
{
    if (w->open)
        text_add_string(w->out, "# EOF\n");
}

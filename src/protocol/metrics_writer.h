/* metrics_writer.h - figures as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0.
 *
 * The two differ in how a counter is announced (OpenMetrics leaves "_total" to the samples) and in
 * the end.  All samples of a family stand together.  Pure. */
#ifndef MILLRACE_PROTOCOL_METRICS_WRITER_H
#define MILLRACE_PROTOCOL_METRICS_WRITER_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define METRICS_TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_TYPE_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE };

enum { METRICS_LABELS_MAX = 6 };

struct metrics_label {
    const char *name; /* NULL ends the list */
    const char *value;
};

struct metrics_writer {
    struct text      *out;  /* borrowed */
    bool              open; /* OpenMetrics */
    const char       *name; /* of the family */
    enum metrics_type type;
};

/* Begin a family.  `name` is without the "_total" that a counter's samples have; both texts are
 * borrowed until the next family, and need no escapes. */
void metrics_begin(struct metrics_writer *, const char *name, enum metrics_type, const char *help);

/* A sample of it.  `labels` may be NULL. */
void metrics_sample(struct metrics_writer *, const struct metrics_label *labels, uint64_t value);
void metrics_sample_real(struct metrics_writer *, const struct metrics_label *labels, double value);

/* A family of one sample without labels. */
void metrics_single(struct metrics_writer *, const char *name, enum metrics_type, const char *help,
                    uint64_t value);
void metrics_single_real(struct metrics_writer *, const char *name, enum metrics_type, const char *help,
                         double value);

/* The end of all. */
void metrics_end(struct metrics_writer *);

#endif

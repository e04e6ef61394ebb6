/* Against the examples of both formats' descriptions. */
#include "check.h"

#include "protocol/metrics_writer.h"

static void write_some(struct metrics_writer *w)
{
    metrics_begin(w, "a_bytes", METRICS_COUNTER, "Some bytes.");
    metrics_sample(w, (struct metrics_label[]){ { "app", "live" }, { "name", "a\"b\\c\nd" }, { NULL, NULL } },
                   7);
    metrics_sample(w, (struct metrics_label[]){ { NULL, NULL } }, 8);
    metrics_single(w, "b", METRICS_GAUGE, "A gauge.", 3);
    metrics_single_real(w, "c_seconds", METRICS_COUNTER, "Time.", 0.25);
    metrics_end(w);
}

static void check_written(bool open, const char *want)
{
    struct text           t = { 0 };
    struct metrics_writer w = { .out = &t, .open = open };
    write_some(&w);
    text_add_char(&t, '\0');
    assert_string_equal(t.data, want);
    text_clear(&t);
}

static void test_text_format(void **state)
{
    (void)state;
    check_written(false,
                  "# HELP a_bytes_total Some bytes.\n# TYPE a_bytes_total counter\n"
                  "a_bytes_total{app=\"live\",name=\"a\\\"b\\\\c\\nd\"} 7\n"
                  "a_bytes_total 8\n"
                  "# HELP b A gauge.\n# TYPE b gauge\nb 3\n"
                  "# HELP c_seconds_total Time.\n# TYPE c_seconds_total counter\nc_seconds_total 0.25\n");
}

static void test_open_metrics(void **state)
{
    (void)state;
    check_written(true, "# HELP a_bytes Some bytes.\n# TYPE a_bytes counter\n"
                        "a_bytes_total{app=\"live\",name=\"a\\\"b\\\\c\\nd\"} 7\n"
                        "a_bytes_total 8\n"
                        "# HELP b A gauge.\n# TYPE b gauge\nb 3\n"
                        "# HELP c_seconds Time.\n# TYPE c_seconds counter\nc_seconds_total 0.25\n"
                        "# EOF\n");
}

static void test_all_labels(void **state)
{
    (void)state;
    struct metrics_label labels[METRICS_LABELS_MAX];
    struct text           t = { 0 };
    struct metrics_writer w = { .out = &t };
    for (int i = 0; i < METRICS_LABELS_MAX; i++)
        labels[i] = (struct metrics_label){ "l", "v" };
    metrics_begin(&w, "x", METRICS_GAUGE, "X.");
    t.size = 0;
    metrics_sample(&w, labels, 1); /* no end mark: the array is full */
    text_add_char(&t, '\0');
    assert_string_equal(t.data, "x{l=\"v\",l=\"v\",l=\"v\",l=\"v\",l=\"v\",l=\"v\"} 1\n");
    text_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_format),
        cmocka_unit_test(test_open_metrics),
        cmocka_unit_test(test_all_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which request goes next: order within a session, questions before notifications, windows, pauses. */
#include "check.h"

#include "../core/asking.h"
#include "server/notify_queue.h"

static struct event_text *text;

static struct notify_job *new_job(const char *url, const char *session)
{
    struct notify_job *job = alloc_zeroed(sizeof *job);
    list_init(&job->link);
    job->url = alloc_string(url);
    job->secret = job->ca = job->proxy = NULL;
    job->text = event_text_ref(text);
    snprintf(job->session, sizeof job->session, "%s", session);
    return job;
}

static struct notify_job *add(struct notify_queue *q, const char *url, const char *session)
{
    struct notify_job *job = new_job(url, session);
    notify_queue_add(q, job);
    return job;
}

static int set_up(void **state)
{
    struct event e = { .type = EVENT_LIMIT, .path = "", .limit = "x" };
    text = event_text_new(&e, "run");
    *state = notify_queue_new();
    return 0;
}

static int tear_down(void **state)
{
    notify_queue_free(*state);
    event_text_unref(text);
    return 0;
}

static void finish(struct notify_queue *q, struct notify_job *job, bool answered)
{
    notify_queue_done(q, job, answered);
    notify_job_free(job);
}

/* One at a time for each session, in order; others beside it. */
static void test_lanes(void **state)
{
    struct notify_queue *q = *state;
    struct notify_job   *a1 = add(q, "u", "a"), *a2 = add(q, "u", "a"), *b1 = add(q, "u", "b"), *v1 = add(q, "v", "a");
    assert_ptr_equal(notify_queue_take(q, 0, 64), a1);
    assert_ptr_equal(notify_queue_take(q, 0, 64), v1); /* the other URL is next */
    assert_ptr_equal(notify_queue_take(q, 0, 64), b1);
    assert_null(notify_queue_take(q, 0, 64));
    CHECK_EQ(notify_queue_active(q), 3);
    finish(q, a1, true);
    assert_ptr_equal(notify_queue_take(q, 0, 64), a2);
    finish(q, b1, true);
    finish(q, v1, true);
    finish(q, a2, true);
    CHECK_EQ(notify_queue_count(q), 0);
    CHECK_EQ(notify_queue_due_ms(q), UINT64_MAX);
}

/* What is to be sent again holds those behind it, and nobody else. */
static void test_again(void **state)
{
    struct notify_queue *q = *state;
    struct notify_job   *a1 = add(q, "u", "a"), *a2 = add(q, "u", "a"), *b1 = add(q, "u", "b");
    assert_ptr_equal(notify_queue_take(q, 0, 64), a1);
    notify_queue_again(q, a1, 1000);
    assert_ptr_equal(notify_queue_take(q, 0, 64), b1);
    notify_queue_again(q, b1, 500);
    assert_null(notify_queue_take(q, 499, 64));
    CHECK_EQ(notify_queue_due_ms(q), 500);
    assert_ptr_equal(notify_queue_take(q, 500, 64), b1);
    CHECK_EQ(notify_queue_due_ms(q), 1000);
    finish(q, b1, true);
    assert_null(notify_queue_take(q, 999, 64));
    assert_ptr_equal(notify_queue_take(q, 5000, 64), a1);
    finish(q, a1, true);
    assert_ptr_equal(notify_queue_take(q, 5000, 64), a2);
    finish(q, a2, true);
}

/* Many that wait come in the order of their times. */
static void test_many_pauses(void **state)
{
    struct notify_queue *q = *state;
    enum { MANY = 500 };
    char     session[17];
    uint64_t last = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(session, sizeof session, "%u", i);
        struct notify_job *job = add(q, "u", session);
        assert_ptr_equal(notify_queue_take(q, 0, 1000), job);
        notify_queue_again(q, job, 1 + i * 7919 % 1000);
    }
    for (int i = 0; i < MANY; i++) {
        uint64_t due_ms = notify_queue_due_ms(q);
        CHECK(due_ms >= last);
        last = due_ms;
        struct notify_job *job = notify_queue_take(q, due_ms, 1000);
        assert_non_null(job);
        finish(q, job, true);
    }
    CHECK_EQ(notify_queue_count(q), 0);
}

static size_t take_all(struct notify_queue *q, struct notify_job *jobs[], unsigned max)
{
    size_t count = 0;
    while ((jobs[count] = notify_queue_take(q, 0, max)) != NULL)
        count++;
    return count;
}

/* Each answer doubles the window, each failure halves it; all together have a limit, and notifications
 * half of it. */
static void test_window(void **state)
{
    struct notify_queue *q = *state;
    struct notify_job   *jobs[256];
    char                 session[17];
    for (int i = 0; i < 200; i++) {
        snprintf(session, sizeof session, "%d", i);
        add(q, "u", session);
    }
    CHECK_EQ(take_all(q, jobs, 64), NOTIFY_WINDOW_FIRST);
    for (int i = 0; i < NOTIFY_WINDOW_FIRST; i++)
        finish(q, jobs[i], true);
    CHECK_EQ(take_all(q, jobs, 64), 32); /* half of 64 */
    CHECK(!notify_queue_is_failing(jobs[0]));
    for (int i = 0; i < 32; i++) /* 64 by now: halved to 1 */
        finish(q, jobs[i], false);
    CHECK_EQ(take_all(q, jobs, 64), 1);
    CHECK(notify_queue_is_failing(jobs[0]));
    finish(q, jobs[0], true);
    CHECK_EQ(take_all(q, jobs, 64), 2);
    notify_queue_cancel(q, jobs[0]); /* nothing is learned */
    notify_job_free(jobs[0]);
    CHECK_EQ(take_all(q, jobs + 2, 64), 1);
    finish(q, jobs[1], true);
    finish(q, jobs[2], true);
}

static void test_questions(void **state)
{
    struct notify_queue *q = *state;
    struct asking       *a = asking_new();
    struct asker        *askers[10];
    struct notify_job   *jobs[10], *taken;
    add(q, "u", "a");
    for (int i = 0; i < 10; i++) {
        askers[i] = asking_ask(a, "/live/a", "");
        jobs[i] = new_job("u", "b");
        jobs[i]->question = a->questions[i];
        jobs[i]->deadline_ms = 1000 + (uint64_t)i;
        notify_queue_add(q, jobs[i]);
    }
    CHECK_EQ(notify_queue_due_ms(q), 1000);
    for (int i = 0; i < NOTIFY_WINDOW_FIRST; i++) /* before the notification, in order */
        assert_ptr_equal(notify_queue_take(q, 0, 64), jobs[i]);
    taken = notify_queue_take(q, 0, 64);
    assert_null(taken->question);
    assert_null(notify_queue_take(q, 0, 64));
    assert_null(notify_queue_expire(q, 1003)); /* the first four are on their way */
    CHECK_EQ(notify_queue_due_ms(q), 1004);
    session_close(&askers[9]->base, "gone");
    assert_ptr_equal(notify_queue_expire(q, 1004), jobs[4]);
    assert_ptr_equal(notify_queue_expire(q, 1004), jobs[9]);
    assert_null(notify_queue_expire(q, 1004));
    finish(q, taken, true);
    for (int i = 0; i < 10; i++) {
        struct access_verdict verdict = { .result = ACCESS_ALLOWED };
        if (i < NOTIFY_WINDOW_FIRST)
            notify_queue_done(q, jobs[i], true);
        else if (i != 4 && i != 9)
            assert_ptr_equal(notify_queue_drop(q), jobs[i]);
        access_settle(jobs[i]->question, &verdict);
        notify_job_free(jobs[i]);
    }
    worker_settle_all(a->context);
    for (int i = 0; i < 9; i++)
        session_close(&askers[i]->base, "over");
    CHECK_EQ(notify_queue_count(q), 0);
    asking_free(a);
}

static void test_drop(void **state)
{
    struct notify_queue *q = *state;
    struct notify_job   *job;
    size_t               count = 0;
    add(q, "u", "a");
    add(q, "u", "a");
    add(q, "v", "");
    job = notify_queue_take(q, 0, 64);
    notify_queue_again(q, job, 99999);
    while ((job = notify_queue_drop(q)) != NULL) {
        notify_job_free(job);
        count++;
    }
    CHECK_EQ(count, 3);
    CHECK_EQ(notify_queue_count(q), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lanes),  TEST(test_again),     TEST(test_many_pauses),
        TEST(test_window), TEST(test_questions), TEST(test_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* notify_job.h - one request to one webhook: what it says, whom it goes to, and how hard to try.
 *
 * A job holds copies of all that it needs of the configuration, so a reload may come any time. */
#ifndef MILLRACE_SERVER_NOTIFY_JOB_H
#define MILLRACE_SERVER_NOTIFY_JOB_H

#include "base/list.h"
#include "core/config.h"
#include "core/session.h"
#include "server/event_json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_question;
struct notify_lane;
struct notify_target;

struct notify_job {
    struct list             link;     /* of the lane, or of the questions of a target */
    struct notify_target   *target;   /* while it is queued or on its way: server/notify_queue.h */
    struct notify_lane     *lane;     /* the same, of a notification */
    struct event_text      *text;
    struct access_question *question; /* NULL: a notification */
    struct notify_job      *next;     /* of a question: who is asked if this one allows it; owned */
    char                    path[URL_PATH_SIZE]; /* of a question: the stream that one before has given it */
    struct worker          *worker;
    char                    session[SESSION_ID_SIZE]; /* "" if the event is nobody's */
    char                    app[URL_APP_MAX + 1];
    const char             *url, *secret, *ca, *proxy; /* owned; "" for none */
    bool                    tls_verify;
    bool                    allows_on_error;
    bool                    ends_on_refusal; /* the session: notify.strict */
    uint32_t                timeout_ms;
    uint32_t                retries, retry_ms;
    unsigned                attempts;
    uint64_t                deadline_ms; /* of a question: monotonic */
};

/* Who is to be told of `event`, or asked about it, by the app's configuration: `jobs` gets what the
 * caller owns, without a question.  Returns their count. */
enum { NOTIFY_JOBS_MAX = 16 + 64 };
size_t notify_job_list(const struct event *, struct event_text *, struct notify_job *jobs[NOTIFY_JOBS_MAX]);

/* Whether anybody is: as above, cheaply. */
bool notify_job_is_wanted(const struct event *);

/* With those after it; NULL is allowed.  The question must have been settled. */
void notify_job_free(struct notify_job *);

/* The URL as logs may have it: without user, password and query. */
#define NOTIFY_JOB_URL_SIZE 256
void notify_job_show_url(const struct notify_job *, char out[NOTIFY_JOB_URL_SIZE]);

#endif

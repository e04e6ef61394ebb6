/* notify_retry.h - what an answer to a notification means, and when to try again.  Pure. */
#ifndef MILLRACE_SERVER_NOTIFY_RETRY_H
#define MILLRACE_SERVER_NOTIFY_RETRY_H

#include <stdint.h>

enum notify_outcome {
    NOTIFY_TAKEN,   /* 2xx */
    NOTIFY_REFUSED, /* 4xx: the same request would be refused again */
    NOTIFY_BROKEN,  /* 3xx and what is no status: redirects are not followed */
    NOTIFY_LATER,   /* no answer, 5xx, 408, 425, 429: another time it may be taken */
};

/* `status` is HTTP's; 0: there was no answer. */
enum notify_outcome notify_outcome_of(long status);

enum {
    NOTIFY_RETRY_MAX_MS = 60 * 1000,  /* a pause of ours */
    NOTIFY_AFTER_MAX_MS = 300 * 1000, /* one that a receiver asks for */
};

/* The pause before attempt number `attempt` + 1, when `attempt`, from 1, has failed: the first is
 * `first_ms`, each is twice the one before, and a random half of it is left out, so that those who
 * failed together do not come back together.  Not shorter than the receiver wants (Retry-After;
 * 0: it did not say), within NOTIFY_AFTER_MAX_MS. */
uint64_t notify_retry_ms(unsigned attempt, uint32_t first_ms, uint64_t retry_after_s, uint32_t random);

#endif

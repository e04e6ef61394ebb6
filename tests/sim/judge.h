/* judge.h - what the server sends, taken apart as a strict client would: the first byte that no
 * client could make sense of aborts. */
#ifndef MILLRACE_FUZZ_SESSION_JUDGE_H
#define MILLRACE_FUZZ_SESSION_JUDGE_H

#include "base/bytes.h"
#include "sim.h"

struct judge;

struct judge *judge_new(enum sim_port);
void          judge_free(struct judge *);

/* More has come. */
void judge_hear(struct judge *, struct bytes in);

/* The server has said the end of it in order: nothing may be half there. */
void judge_end(struct judge *);

#endif

/* script.h - what the bytes of a whole-session fuzzer say: what up to four peers do, step by step.
 *
 *     u8   the configuration to use (script.c has a few)
 *     steps, each:
 *     u8   bits 0-3 what (enum step), bits 4-5 which peer, bit 7: no turn of the loops after it
 *     u16  size of what follows, least significant byte first
 *     ...  as the step says; what is lacking is zero
 *
 * A message, a frame or a tag is framed when the step is played, so that a change of its body leaves
 * it whole.  The seeds in tests/fuzz/corpus/rtmp_session and beside it, which seeds.mjs makes from
 * what real clients send, are such scripts. */
#ifndef MILLRACE_FUZZ_SESSION_SCRIPT_H
#define MILLRACE_FUZZ_SESSION_SCRIPT_H

#include "base/bytes.h"
#include "sim.h"

enum step {
    STEP_OPEN,    /* u8 port (enum sim_port): connect anew; the step before ended */
    STEP_BYTES,   /* as they are */
    STEP_GREET,   /* RTMP: C0 and C1, then C2, of zeros; u8 what C0 says, 0 is 3 */
    STEP_MESSAGE, /* RTMP: u8 csid (6 bits) and chunk format (2), u8 type, u8 msid, u24 time, body */
    STEP_FRAME,   /* WebSocket: u8 first byte of the frame, payload, which is masked here */
    STEP_FRAME2,  /* HTTP/2: u8 type, u8 flags, u8 stream, payload */
    STEP_TAG,     /* FLV: u8 tag type (5 bits) and carrier (3, enum carrier), u24 time, body */
    STEP_PIECE,   /* HTTP/1: a chunk of a chunked body */
    STEP_TURN,    /* u8 turns */
    STEP_WAIT,    /* u16 milliseconds, times 16 */
    STEP_END,     /* of what the peer sends */
    STEP_RESET,
    STEP_ROOM,    /* u24 bytes that the peer takes from now on; ffffff is no limit */
    STEP_STRIDE,  /* u8, u8: bytes at a time that are read and written; 0 is no limit */
    STEP_JUMP,    /* i32 seconds by which the wall clock is wrong from now on */
    STEP_LACK,    /* u8 of the allocations to come that a peer sizes, which one fails; u8 sends that do */
    STEP_COUNT,
};

enum carrier { CARRIER_PLAIN, CARRIER_CHUNKED, CARRIER_WEBSOCKET, CARRIER_HTTP2, CARRIER_COUNT };

enum {
    SCRIPT_PEERS    = 4,
    SCRIPT_HEAD     = 3, /* of a step */
    SCRIPT_STEP_MAX = 400,
    SCRIPT_CONFIGS  = 5,
};

struct script_step {
    enum step    what;
    unsigned     peer;
    bool         same_turn;
    struct bytes body;
};

/* The next step of *in, which goes behind it; false at the end.  A step that is cut short has what
 * there is. */
bool script_next(struct bytes *in, struct script_step *out);

/* What goes wrong while a script is played; all zero: nothing but what it says itself. */
struct script_faults {
    size_t   read_stride, write_stride; /* as sim_set_stride(), for all peers */
    unsigned allocation;                /* that fails, as sim_fail_allocation() */
    unsigned failing_sends;             /* every second turn so many fail with ENOBUFS */
    size_t   bytes_max;                 /* that all peers send before they fall silent; 0 is no limit */
    bool     reset;                     /* they reset their connections then */
    unsigned dribble_ms;                /* they send a byte at a time, so far apart, */
    size_t   dribble_from;              /* from this one on */
    unsigned silent_s;                  /* the peers are there so long at the end, but say no more */
    int      wall_jump_s;               /* in the middle the clock is found to be wrong by this */
};

struct script_result {
    size_t   sent, received; /* bytes, by all peers */
    uint64_t digest;         /* of what they received, and when */
    size_t   publishers, viewers, idle; /* sessions at the end, before the server is stopped */
};

/* Play a script, with all that the server answers judged (judge.h), and a look at what it leaves.
 * `port` is what a peer connects to that does something before its STEP_OPEN. */
struct script_result script_play(struct bytes script, enum sim_port port, const struct script_faults *);

#endif

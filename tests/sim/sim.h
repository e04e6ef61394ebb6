/* sim.h - the server without a machine around it: sockets that are memory, a clock that is turned by
 * hand, and random numbers from a seed.
 *
 * All of Millrace runs as ever, loops and workers included, but on one thread and by calls from here;
 * so the same calls have the same outcome, byte for byte, and a day passes in a moment.  What the
 * server asks of the kernel for its connections is answered by sim_socket.c, which the linker puts in
 * the place of the C library's functions (CMakeLists.txt).
 *
 * One simulation at a time. */
#ifndef MILLRACE_SIM_SIM_H
#define MILLRACE_SIM_SIM_H

#include "base/bytes.h"
#include "core/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context;
struct sim_socket;

enum sim_port { SIM_RTMP, SIM_HTTP, SIM_HTTP2 }; /* HTTP/2 as if TLS had agreed on it */

#define SIM_SOCKETS_MAX 4096
#define SIM_WORKERS_MAX 4
#define SIM_ROOM_ENDLESS SIZE_MAX

/* `config` is borrowed. */
void            sim_begin(const struct config *, unsigned workers);
struct context *sim_context(void);

/* The server is told to stop, and given the time that its configuration allows it. */
void sim_stop(void);

/* Free everything, after sim_stop(); aborts if anything of a session is left behind. */
void sim_end(void);

/* One turn of each loop, and of the sockets; true if a socket had something to do. */
bool sim_turn(void);

/* Turns until nothing more happens. */
void sim_settle(void);

/* Let time pass, all of it or in steps of a timer's, and look at the clocks behind it. */
void sim_wait(uint64_t ms);

/* A peer connects, to worker `worker`, from the address `ip`.  NULL if there are SIM_SOCKETS_MAX. */
struct sim_socket *sim_connect(enum sim_port, unsigned worker, const char *ip);

/* The peer sends bytes, its end, or a reset. */
void sim_send(struct sim_socket *, struct bytes);
void sim_send_end(struct sim_socket *);
void sim_send_reset(struct sim_socket *);

/* The peer, or the network, takes so many bytes from now on; SIM_ROOM_ENDLESS at first. */
void sim_set_room(struct sim_socket *, size_t size);

/* No read or write by the server takes more than this; 0 is no limit. */
void sim_set_stride(struct sim_socket *, size_t reading, size_t writing);

/* The next `count` sends fail with `error`, an errno. */
void sim_fail_sends(struct sim_socket *, int error, unsigned count);

/* Of what the server asks alloc_try() for from now on, the `nth` is not to be had; 0: all is. */
void     sim_fail_allocation(unsigned nth);
unsigned sim_allocation_count(void); /* since sim_begin() */

/* While exempt, what is asked for is the test's own: not counted, and there. */
void sim_exempt(bool exempt);

/* Forget a socket that the server has closed: another may have its place. */
void sim_release(struct sim_socket *);

/* What the server has sent that was not asked for yet: valid up to the next turn. */
struct bytes sim_receive(struct sim_socket *);

/* Whether the server has let go of it, and what it said before: its end, or nothing. */
bool sim_is_closed(const struct sim_socket *);
bool sim_is_ended(const struct sim_socket *);

/* Of the clocks, as the server reads them. */
uint64_t sim_now_ms(void);
void     sim_set_wall_ms(int64_t ms);

#endif

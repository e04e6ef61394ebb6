/* sim_peer.h - what the files of the simulation share; nobody else includes it.
 *
 *     sim.c         the server: context, workers, turns
 *     sim_socket.c  connections that are memory
 *     sim_time.c    clocks and random numbers
 *     sim_memory.c  memory that runs out */
#ifndef MILLRACE_SIM_SIM_PEER_H
#define MILLRACE_SIM_SIM_PEER_H

#include "sim.h"

/* sim_socket.c */

/* A new socket, or NULL; its descriptor is the server's to accept. */
struct sim_socket *sim_socket_new(void);
int                sim_socket_fd(const struct sim_socket *);

/* TLS has agreed on HTTP/2; a connection that waits for its PROXY header hears it behind that. */
void sim_socket_agree(struct sim_socket *, bool http2);

/* Tell the server what its sockets are ready for; true if there was anything. */
bool sim_sockets_poll(void);

/* Forget them all; aborts if the server still holds one. */
void sim_sockets_free(void);

/* sim_time.c */

void sim_time_begin(void);
void sim_time_pass(uint64_t ms);

/* sim_memory.c */

void sim_memory_begin(void);

#endif

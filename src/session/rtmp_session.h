/* rtmp_session.h - one RTMP connection, from the handshake to its end. */
#ifndef MILLRACE_SESSION_RTMP_SESSION_H
#define MILLRACE_SESSION_RTMP_SESSION_H

#include <sys/socket.h>

struct worker;

/* Serve an admitted connection (context_admit()); `fd` is taken over. */
void rtmp_session_start(struct worker *, int fd, const struct sockaddr_storage *peer);

#endif

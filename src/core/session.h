/* session.h - one peer: who it is, what it does here, and its one way out.
 *
 * The base of every kind of session, first member of each.  A session belongs to its worker's
 * thread; context->sessions names it to others, who reach it by worker_post().  It ends through
 * session_close() and nowhere else: the reason given there is what the log, and later the API
 * and the webhooks, say. */
#ifndef MILLRACE_CORE_SESSION_H
#define MILLRACE_CORE_SESSION_H

#include "base/list.h"
#include "base/log.h"
#include "core/events.h"
#include "core/session_meter.h"
#include "net/address.h"
#include "net/loop.h"
#include "protocol/url.h"

#include <stdbool.h>
#include <stdint.h>

struct access_question;
struct broadcast;
struct conn;
struct session;
struct worker;

#define SESSION_ID_SIZE 17 /* 16 hexadecimal digits and an end mark */

/* What is kept of what a peer says it is. */
#define SESSION_AGENT_MAX 160

enum session_role { SESSION_IDLE, SESSION_PUBLISHER, SESSION_VIEWER, SESSION_ROLES };

/* HTTP: not a stream, or not yet. */
enum session_protocol {
    SESSION_HTTP,
    SESSION_HTTP2, /* the connection; what is on its streams are sessions of their own */
    SESSION_RTMP,
    SESSION_FLV,
    SESSION_WS,
    SESSION_RECORD,
    SESSION_PROTOCOLS
};

struct session_ops {
    const char *name; /* as log lines say it: "RTMP", "FLV" */
    /* Publishers: what broadcast_publish() left pending is granted. */
    void (*on_published)(struct session *);
    /* About once a second: time limits. */
    void (*on_tick)(struct session *, uint64_t now_ms);
    /* The server stops: end in the proper way of the protocol. */
    void (*on_stop)(struct session *);
    /* An operator ends it: in the proper way of the protocol, for `reason`.  NULL: session_close(). */
    void (*on_kick)(struct session *, const char *reason);
    /* Leave the stream and let go of the connection; the memory lives to the end of the turn. */
    void (*on_close)(struct session *, const char *reason);
    void (*destroy)(struct session *);
    /* What it is made of, zeroed before.  May be NULL. */
    void (*parts)(const struct session *, struct session_parts *out);
};

/* What a session publishes or plays: a struct url_stream, without the room that longer names would
 * take, since there are as many of these as there are viewers. */
struct session_stream {
    const char  *app, *name, *path;
    struct bytes query;  /* undecoded; may hold a sign: never logged */
    char         room[]; /* of all four */
};

struct session {
    const struct session_ops *ops;
    struct worker            *worker;
    struct list               link;    /* worker's sessions */
    struct loop_garbage       garbage;
    enum session_role         role;
    enum session_protocol     protocol;
    bool                      secure;  /* over TLS */
    bool                      closed;
    bool                      handed_on; /* another session has its connection and its id now */
    bool                      internal;   /* it has no peer */
    bool                      beside;     /* it shares the connection of another */
    bool                      unadmitted; /* context_admit() was not asked yet */
    struct broadcast         *broadcast; /* while it publishes */
    struct standby           *standby;   /* while it publishes and another is on the air */
    bool                      backup;    /* it publishes with ?backup=1: set before it does */
    struct session_stream    *stream;    /* NULL until it names one */
    char                      id[SESSION_ID_SIZE];
    char                      ip[ADDRESS_IP_SIZE];
    uint16_t                  port;
    int64_t                   created_ms; /* wall clock */
    char                     *agent;   /* User-Agent or flashVer, printable UTF-8; NULL: it said none */
    struct session_meter      meter;
    struct access_question   *question;   /* it waits for the answer: core/access.h */
    struct event_skips        skips;      /* a viewer's: core/events.h */
    struct log_context        log;
};

/* Joins the worker's and the context's lists.  The connection was admitted (context_admit());
 * it is dismissed with the session. */
void session_init(struct session *, struct worker *, const struct session_ops *,
                  const struct sockaddr_storage *peer);

/* The same for a session that follows another on its connection, as when an HTTP request becomes
 * a stream: the id and the admission pass on, and `before` is to be closed. */
void session_init_after(struct session *, const struct session_ops *, struct session *before);

/* A session that shares the connection of another, as the streams of HTTP/2 do: it has an id of its
 * own, and only the other was admitted. */
void session_init_beside(struct session *, const struct session_ops *, const struct session *other);

/* A session without a peer, such as a recording: nothing is admitted or dismissed, its address is
 * empty. */
void session_init_internal(struct session *, struct worker *, const struct session_ops *);

/* What it publishes or plays, or asks to: copied. */
void session_set_stream(struct session *, const struct url_stream *);
void session_copy_stream(struct session *, const struct session_stream *); /* of another */
void session_forget_stream(struct session *);

/* What the peer says it is: copied, up to SESSION_AGENT_MAX bytes, without what cannot be printed.
 * The first time counts. */
void session_set_agent(struct session *, struct bytes agent);

/* "rtmp", "rtmps", "flv", "ws", "wss", "http", "http2", "record"; "https" is FLV or no stream at all,
 * over TLS.  Static. */
const char *session_protocol_name(const struct session *);

/* "publisher", "viewer", "idle".  Static. */
const char *session_role_name(const struct session *);

/* The stream path, or "" while there is none. */
const char *session_path(const struct session *);

/* End the session.  `reason` is a short phrase in lower case; the first call counts. */
void session_close(struct session *, const char *reason);

void session_tick(struct session *, uint64_t now_ms);
void session_stop(struct session *);
void session_kick(struct session *, const char *reason); /* static */

#endif

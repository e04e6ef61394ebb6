/* rtmp_peer.h - what the files of the RTMP session share; nobody else includes it.
 *
 *     rtmp_session.c   the connection: handshake, messages, time limits, the end
 *     rtmp_commands.c  which command is legal when, and the commands of the connection itself
 *     rtmp_publish.c   publishing: accepting, media in, stopping
 *     rtmp_play.c      playing: accepting, what a viewer is told, pause and the like */
#ifndef MILLRACE_SESSION_RTMP_PEER_H
#define MILLRACE_SESSION_RTMP_PEER_H

#include "core/access.h"
#include "core/session.h"
#include "core/viewer.h"
#include "protocol/rtmp_chunk.h"
#include "protocol/rtmp_command.h"
#include "protocol/rtmp_handshake.h"
#include "session/ingest.h"

#include <stdbool.h>
#include <stdint.h>

enum rtmp_state {
    RTMP_HANDSHAKE, /* C0 and C1, answered at once */
    RTMP_GREETED,   /* C2 */
    RTMP_CONNECT,   /* nothing but the connect command */
    RTMP_READY,
    RTMP_ASK,       /* may it publish or play?  its input is not read */
    RTMP_WAIT,      /* for the publisher before to be gone; its input is not read */
    RTMP_PUBLISH,
    RTMP_PLAY,
};

struct rtmp_session {
    struct session            base;
    struct conn              *conn;
    struct rtmp_chunk_reader *chunks;
    enum rtmp_state           state;
    uint64_t                  state_since_ms;
    struct rtmp_handshake     handshake;
    char                     *app;        /* as connect gave it, with its query */
    double                    encoding;   /* objectEncoding: 0 or 3 */
    uint32_t                  chunk_size; /* what we announced */
    uint32_t                  last_msid;  /* of createStream */
    uint32_t                  msid;       /* that publishes or plays */
    uint32_t                  ack_window; /* the peer's, or ours while it has said none */
    uint64_t                  acked;      /* bytes received when we last acknowledged */
    uint64_t                  heard_ms;   /* when the peer last said anything */
    uint64_t                  pinged_ms;  /* 0: no ping is open */
    bool                      wants_fc_event; /* it sent FCPublish or FCSubscribe */
    struct ingest             ingest;     /* PUBLISH */
    struct viewer             viewer;     /* PLAY */
    bool                      play_ended; /* PLAY: the stream ended; the peer was told */
    bool                      play_began; /* PLAY: it has had a packet */
};

/* Replies: writers over `room`, handed to the connection's queue. */
struct rtmp_reply {
    struct writer w;
    uint8_t       room[RTMP_REPLY_SIZE_MAX + 1024];
};
void rtmp_reply_begin(struct rtmp_reply *);
void rtmp_reply_send(struct rtmp_session *, struct rtmp_reply *);

/* One onStatus on the active message stream. */
void rtmp_send_status(struct rtmp_session *, uint32_t msid, const char *level, const char *code,
                      const char *description);

/* onFCPublish and the like. */
void rtmp_send_fc_event(struct rtmp_session *, const char *event, const char *code);

/* Say no with a status and end: the peer has time to read it. */
void rtmp_refuse(struct rtmp_session *, uint32_t msid, const char *code, const char *description);

void rtmp_set_state(struct rtmp_session *, enum rtmp_state);

/* May it have the stream that it names: `answer` is called now or later (core/access.h), in the state
 * READY.  Until then whatever it sends waits. */
void rtmp_ask(struct rtmp_session *, enum auth_use, access_answer_fn *answer);
void rtmp_stop_asking(struct rtmp_session *);

/* A command message.  0, or an error that ends the session. */
int rtmp_handle_command(struct rtmp_session *, uint32_t msid, struct bytes payload, bool amf3);

/* The next argument as a string, a number or a boolean; what is absent or of another type is
 * empty, 0 or false. */
struct bytes rtmp_string_argument(struct amf_reader *);
double       rtmp_number_argument(struct amf_reader *);
bool         rtmp_boolean_argument(struct amf_reader *);

/* Commands of publishing and playing: `arguments` stands behind the command object. */
struct rtmp_call {
    double            transaction;
    uint32_t          msid; /* of the message */
    struct amf_reader arguments;
};
void rtmp_on_publish(struct rtmp_session *, struct rtmp_call *);
void rtmp_on_published(struct rtmp_session *); /* WAIT -> PUBLISH */
void rtmp_on_play(struct rtmp_session *, struct rtmp_call *);
void rtmp_on_pause(struct rtmp_session *, struct rtmp_call *);
void rtmp_on_receive_audio(struct rtmp_session *, struct rtmp_call *);
void rtmp_on_receive_video(struct rtmp_session *, struct rtmp_call *);
void rtmp_on_seek(struct rtmp_session *, struct rtmp_call *);

/* Audio, video or data from the peer.  Takes message->packet over.  0, or an error that ends
 * the session. */
int rtmp_take_media(struct rtmp_session *, struct rtmp_message *message);

/* Leave the stream, with or without words to the peer.  Nothing if it neither publishes nor
 * plays. */
void rtmp_stop_stream(struct rtmp_session *, bool tell, const char *reason);
void rtmp_stop_publishing(struct rtmp_session *, bool tell, const char *reason);
void rtmp_stop_playing(struct rtmp_session *, bool tell, const char *reason);

/* PLAY: the time limit of waiting for a publisher. */
void rtmp_play_tick(struct rtmp_session *, uint64_t now_ms);

#endif

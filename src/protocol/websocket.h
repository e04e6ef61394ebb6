/* websocket.h - WebSocket on the server side (RFC 6455), without extensions.
 *
 * Frames in go through wslay's frame reader, which knows the layout and the masks; the reader
 * here adds what makes a connection of them: who must mask, reserved bits and opcodes, the order
 * of fragments, UTF-8, close codes, and the limit on a message.  A message is not gathered: its
 * pieces are handed on as they come, so memory does not depend on the peer.  Nothing is answered
 * on its own either: a ping is an event, and the caller sends the pong (and bounds how many). */
#ifndef MILLRACE_PROTOCOL_WEBSOCKET_H
#define MILLRACE_PROTOCOL_WEBSOCKET_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct http_request;

enum websocket_opcode {
    WEBSOCKET_OPCODE_TEXT   = 1,
    WEBSOCKET_OPCODE_BINARY = 2,
    WEBSOCKET_OPCODE_CLOSE  = 8,
    WEBSOCKET_OPCODE_PING   = 9,
    WEBSOCKET_OPCODE_PONG   = 10,
};

enum websocket_code { /* RFC 6455, 7.4.1 */
    WEBSOCKET_NORMAL      = 1000,
    WEBSOCKET_GOING_AWAY  = 1001,
    WEBSOCKET_BROKEN      = 1002, /* protocol error */
    WEBSOCKET_UNWANTED    = 1003, /* a kind of message that is not taken */
    WEBSOCKET_NO_CODE     = 1005, /* never on the wire: the peer gave none */
    WEBSOCKET_BAD_DATA    = 1007, /* text that is not UTF-8 */
    WEBSOCKET_POLICY      = 1008,
    WEBSOCKET_TOO_BIG     = 1009,
    WEBSOCKET_ERROR       = 1011, /* a fault of the server */
    WEBSOCKET_TRY_LATER   = 1013,
};

enum {
    WEBSOCKET_HEADER_SIZE  = 10,  /* the longest header a server sends: 2 + 8 */
    WEBSOCKET_CONTROL_MAX  = 125, /* payload bytes of a control frame */
    WEBSOCKET_ACCEPT_SIZE  = 29,  /* 28 characters and the end mark */
};

/* Opening handshake.  0, or the status to answer with: 400, or 426 with the header
 * "Sec-WebSocket-Version: 13" (RFC 6455, 4.2.2 and 4.4). */
int websocket_check(const struct http_request *);

/* The first of the subprotocols in `known`, which ends in NULL, that the client offers; NULL if it
 * offers none of them.  Their case counts (RFC 6455, 4.1). */
const char *websocket_choose_protocol(const struct http_request *, const char *const *known);

/* The Sec-WebSocket-Accept value for a Sec-WebSocket-Key. */
void websocket_accept_key(const char *key, char out[WEBSOCKET_ACCEPT_SIZE]);

/* The whole "101 Switching Protocols" head for a request that websocket_check() passed;
 * `protocol`, one of those the client offered, is echoed unless NULL. */
void websocket_write_accept(struct writer *, const struct http_request *, const char *protocol);

enum websocket_event_type {
    WEBSOCKET_NONE,   /* nothing more in what was given so far */
    WEBSOCKET_BINARY, /* a piece of a binary message; `final` on its last, which may be empty */
    WEBSOCKET_TEXT,   /* the same of a text message, checked as UTF-8; a piece may cut a character */
    WEBSOCKET_PING,   /* answer with websocket_write_frame(w, WEBSOCKET_OPCODE_PONG, data) */
    WEBSOCKET_PONG,
    WEBSOCKET_CLOSE,  /* `code`, or WEBSOCKET_NO_CODE; `data` is the reason, UTF-8.  The last event */
};

struct websocket_event {
    enum websocket_event_type type;
    struct bytes data;  /* borrowed from the reader up to its next call */
    bool         final;
    uint16_t     code;
};

struct websocket_reader; /* opaque */

/* `message_size_max` bounds a message over all its fragments; 0: no bound, for a publisher that
 * sends one endless message. */
struct websocket_reader *websocket_reader_new(uint64_t message_size_max);
void                     websocket_reader_free(struct websocket_reader *); /* NULL is allowed */

/* Read up to the next event.  Returns the bytes consumed.  They are buffered inside, so one
 * call may consume more than its event and the next may give an event while consuming none:
 * call again, until *out is WEBSOCKET_NONE, which also means that all of `in` was consumed.
 * ERR_PROTOCOL, ERR_TOO_BIG or ERR_OUT_OF_MEMORY, again on each later call; then
 * websocket_reader_code() is what to close with.  All input after a close frame is dropped. */
ssize_t websocket_read(struct websocket_reader *, struct bytes in, struct websocket_event *out);

/* The close code that answers the last error: 1002, 1007, 1009 or 1011; 1000 without one. */
uint16_t websocket_reader_code(const struct websocket_reader *);

/* Frames out: final and unmasked, as a server sends them (5.1, 5.2). */

/* The frame header that goes before `payload_size` bytes.  Returns its size: 2, 4 or 10. */
size_t websocket_write_header(uint8_t out[WEBSOCKET_HEADER_SIZE], enum websocket_opcode,
                              uint64_t payload_size);

/* A whole frame. */
void websocket_write_frame(struct writer *, enum websocket_opcode, struct bytes payload);

/* A close frame; no payload if `code` is WEBSOCKET_NO_CODE.  `reason` may be NULL, and is cut to
 * 123 bytes at the end of a character. */
void websocket_write_close(struct writer *, uint16_t code, const char *reason);

/* The code to answer a peer's close with: its own, or 1000 if it gave none. */
uint16_t websocket_answer_code(uint16_t code);

#endif

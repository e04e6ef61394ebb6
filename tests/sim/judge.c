#include "judge.h"

#include "base/alloc.h"
#include "protocol/flv.h"
#include "protocol/rtmp_chunk.h"
#include "protocol/rtmp_handshake.h"
#include "protocol/rtmp_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum state {
    RTMP_HELLO, RTMP_CHUNKS,
    HTTP_HEAD, HTTP_BODY, HTTP_FLV, WS_FRAMES,
    H2_FRAMES,
};

struct judge {
    enum state                state;
    uint8_t                  *kept;      /* what is not understood yet, for want of more */
    size_t                    kept_size;
    struct rtmp_chunk_reader *chunks;
    struct flv_reader         flv;
    size_t                    body_left;
    bool                      close_said; /* WebSocket */
};

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "what the server sends is wrong: %s\n", what);
    abort();
}

struct judge *judge_new(enum sim_port port)
{
    static const struct rtmp_chunk_limits limits = { 1 << 20, 64, 1 << 22 };
    struct judge                         *j = alloc_zeroed(sizeof *j);
    j->state = port == SIM_RTMP ? RTMP_HELLO : port == SIM_HTTP ? HTTP_HEAD : H2_FRAMES;
    j->chunks = rtmp_chunk_reader_new(&limits);
    flv_reader_init(&j->flv, 1 << 20);
    return j;
}

void judge_free(struct judge *j)
{
    if (j == NULL)
        return;
    rtmp_chunk_reader_free(j->chunks);
    flv_reader_clear(&j->flv);
    free(j->kept);
    free(j);
}

/* Each of these returns what it has taken of `in`, 0 for more. */

static size_t hear_hello(struct judge *j, struct bytes in)
{
    if (in.size < RTMP_HANDSHAKE_REPLY_SIZE)
        return 0;
    require(in.data[0] == 3, "S0");
    j->state = RTMP_CHUNKS;
    return RTMP_HANDSHAKE_REPLY_SIZE;
}

static size_t hear_chunks(struct judge *j, struct bytes in)
{
    struct rtmp_message m;
    struct rtmp_control control;
    ssize_t             n = rtmp_chunk_read(j->chunks, in, &m);
    require(n >= 0, rtmp_chunk_reader_why(j->chunks));
    if (n == 0 || m.packet == NULL)
        return (size_t)n;
    if (m.type <= RTMP_SET_PEER_BANDWIDTH) {
        require(rtmp_control_read(m.type, avpacket_bytes(m.packet), &control) == 0, "a control message");
        if (m.type == RTMP_SET_CHUNK_SIZE)
            require(rtmp_chunk_reader_set_chunk_size(j->chunks, control.value) == 0, "a chunk size");
    }
    avpacket_unref(&m.packet);
    return (size_t)n;
}

static void hear_flv(struct judge *j, struct bytes in)
{
    while (in.size > 0) {
        struct avpacket *packet = NULL;
        ssize_t          n = flv_read(&j->flv, in, &packet);
        require(n > 0, "FLV");
        avpacket_unref(&packet);
        in.data += n;
        in.size -= (size_t)n;
    }
}

/* The value of a header, or NULL; `head` ends with an empty line. */
static const char *find_header(const char *head, const char *name)
{
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, strlen(name)) == 0)
            return line + 2 + strlen(name);
    return NULL;
}

static void turn_to_body(struct judge *j, const char *head)
{
    int         status = atoi(head + strlen("HTTP/1.1 "));
    const char *type = find_header(head, "content-type: "), *length = find_header(head, "content-length: ");
    require(status >= 100 && status < 600, "a status");
    if (status == 101) {
        j->state = WS_FRAMES;
    } else if (length != NULL) {
        j->body_left = strtoul(length, NULL, 10);
        j->state = j->body_left > 0 ? HTTP_BODY : HTTP_HEAD;
    } else if (status == 200 && type != NULL && strncmp(type, "video/x-flv", 11) == 0) {
        j->state = HTTP_FLV;
    }
}

static size_t hear_head(struct judge *j, struct bytes in)
{
    static const char start[] = "HTTP/1.1 ";
    char              head[4096];
    size_t            size = in.size < sizeof head - 1 ? in.size : sizeof head - 1;
    memcpy(head, in.data, size);
    head[size] = '\0';
    require(strncmp(head, start, size < strlen(start) ? size : strlen(start)) == 0, "a status line");
    char *end = strstr(head, "\r\n\r\n");
    require(end != NULL || size < sizeof head - 1, "a head without end");
    if (end == NULL)
        return 0;
    end[2] = '\0';
    turn_to_body(j, head);
    return (size_t)(end - head) + 4;
}

/* After a HEAD the body that is announced does not come, but the next answer. */
static bool is_next_head(struct bytes in)
{
    return in.size >= 9 && memcmp(in.data, "HTTP/1.1 ", 9) == 0;
}

static size_t hear_body(struct judge *j, struct bytes in)
{
    if (is_next_head(in)) {
        j->state = HTTP_HEAD;
        return hear_head(j, in);
    }
    if (in.data[0] == 'H' && in.size < 9)
        return 0;
    size_t n = in.size < j->body_left ? in.size : j->body_left;
    j->body_left -= n;
    if (j->body_left == 0)
        j->state = HTTP_HEAD;
    return n;
}

static size_t hear_stream(struct judge *j, struct bytes in)
{
    if (!j->flv.header_done && in.data[0] == 'H') { /* that was the answer to a HEAD */
        j->state = HTTP_HEAD;
        return hear_head(j, in);
    }
    hear_flv(j, in);
    return in.size;
}

static size_t hear_frame(struct judge *j, struct bytes in)
{
    struct reader r = reader_over(in);
    uint8_t       first = (uint8_t)read_be(&r, 1), second = (uint8_t)read_be(&r, 1);
    uint64_t      size = second & 127;
    if (size == 126)
        size = read_be(&r, 2);
    else if (size == 127)
        size = read_be(&r, 8);
    struct bytes payload = read_bytes(&r, size);
    if (r.overrun)
        return 0;
    require(second < 128, "a masked frame");
    require(!j->close_said, "a frame behind the close");
    require(first == 0x82 || first == 0x88 || first == 0x89 || first == 0x8a, "a first byte of a frame");
    if (first == 0x82)
        hear_flv(j, payload);
    else
        require(size <= 125, "a control frame");
    j->close_said = first == 0x88;
    return in.size - reader_left(&r);
}

static size_t hear_frame2(struct bytes in)
{
    struct reader r = reader_over(in);
    size_t        size = read_be(&r, 3);
    uint8_t       type = (uint8_t)read_be(&r, 1);
    read_bytes(&r, 5);
    read_bytes(&r, size);
    if (r.overrun)
        return 0;
    require(size <= 16384 && type <= 9, "an HTTP/2 frame");
    return in.size - reader_left(&r);
}

static size_t hear(struct judge *j, struct bytes in)
{
    switch (j->state) {
    case RTMP_HELLO:  return hear_hello(j, in);
    case RTMP_CHUNKS: return hear_chunks(j, in);
    case HTTP_HEAD:   return hear_head(j, in);
    case HTTP_BODY:   return hear_body(j, in);
    case HTTP_FLV:    return hear_stream(j, in);
    case WS_FRAMES:   return hear_frame(j, in);
    default:          return hear_frame2(in);
    }
}

void judge_hear(struct judge *j, struct bytes in)
{
    if (in.size == 0)
        return;
    j->kept = alloc_resize(j->kept, j->kept_size + in.size, 1);
    memcpy(j->kept + j->kept_size, in.data, in.size);
    size_t       size = j->kept_size + in.size, n;
    struct bytes left = { j->kept, size };
    while (left.size > 0 && (n = hear(j, left)) > 0) {
        left.data += n;
        left.size -= n;
    }
    memmove(j->kept, left.data, left.size);
    j->kept_size = left.size;
}

void judge_end(struct judge *j)
{
    bool cut = j->kept_size > 0 || rtmp_chunk_reader_buffered(j->chunks) > 0;
    require(!cut || j->state == HTTP_BODY, "it ends in the middle");
}

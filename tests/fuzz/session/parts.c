#include "parts.h"

#define PART(step, text) { step, (const uint8_t *)(text), sizeof(text) - 1 }

/* RTMP: a head as script.h has it, then AMF. */
#define COMMAND(name) "\x03\x14\x01\0\0\0\x02\0" name
#define NUMBER(high)  "\0\x40" high "\0\0\0\0\0\0" /* doubles whose low 48 bits are zero */
#define MESSAGE(text) PART(STEP_MESSAGE, text)

#define ONE           "\0\x3f\xf0\0\0\0\0\0\0"

/* H.264 and AAC as x264 and FDK describe them; then what could be frames. */
#define AVC_HEADER \
    "\x17\0\0\0\0\x01\x42\xc0\x0b\xff\xe1\0\x18\x67\x42\xc0\x0b\xd9\x02\x8d\xf9\x30\x11\0\0\x03\0\x01\0" \
    "\0\x03\0\x32\x0f\x14\x2a\x48\x01\0\x05\x68\xcb\x83\xcb\x20"
#define AVC_KEYFRAME   "\x17\x01\0\0\0\0\0\0\x09\x65\0\0\0\x01wwww"
#define AVC_INTERFRAME "\x27\x01\0\0\0\0\0\0\x09\x41\0\0\0\x02wwww"
#define AAC_HEADER     "\xaf\0\x12\x10"
#define AAC_FRAME      "\xaf\x01\0\0\0\x03soundsound"
#define HEVC_HEADER    "\x90hvc1\x01\x01\x60\0\0\0\x90\0\0\0\0\0\x5d\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f\0"
#define HEVC_KEYFRAME  "\x91hvc1\0\0\0\0\0\0\x04\x26\x01\xaf\x09"
#define MULTITRACK     "\x96\x11" "av01" "\0\0\0\x04\x81\0\x0c\0\x01\0\0\x03\x12\0\x0a"
#define METADATA       "\x02\0\x0aonMetaData\x08\0\0\0\x01\0\x05width\0\x40\x60\0\0\0\0\0\0\0\0\x09"

#define GET(path)       PART(STEP_BYTES, "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n")
#define WEBSOCKET(path) PART(STEP_BYTES, "GET " path " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" \
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
#define POST(path, field) PART(STEP_BYTES, "POST " path " HTTP/1.1\r\nHost: a\r\n" field "\r\n\r\n")
#define FLV_HEADER "FLV\x01\x05\0\0\0\x09\0\0\0\0"

#define TAG(head, body) PART(STEP_TAG, head "\0\0\x28" body)

const struct part parts[] = {
    PART(STEP_OPEN, "\0"), PART(STEP_OPEN, "\x01"), PART(STEP_OPEN, "\x02"),
    PART(STEP_GREET, ""),
    MESSAGE(COMMAND("\x07" "connect" ONE "\x03\0\x03" "app\x02\0\x04live\0\x05tcUrl\x02\0\x11"
                    "rtmp://a:1/live?x\0\x08" "capsEx" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09")),
    MESSAGE(COMMAND("\x07" "connect" ONE "\x03\0\x03" "app\x02\0\x04live\0\0\x09")),
    MESSAGE(COMMAND("\x0c" "createStream" NUMBER("\0") "\x05")),
    MESSAGE(COMMAND("\x07" "publish" NUMBER("\x08") "\x05\x02\0\x01" "a\x02\0\x04live")),
    MESSAGE(COMMAND("\x07" "publish" NUMBER("\x08") "\x05\x02\0\x0a" "a?backup=1\x02\0\x04live")),
    MESSAGE(COMMAND("\x07" "publish" NUMBER("\x08") "\x05\x02\0\x06" "geheim")),
    MESSAGE(COMMAND("\x04" "play" NUMBER("\x10") "\x05\x02\0\x01" "a\0\xc0\0\0\0\0\0\0\0")),
    MESSAGE(COMMAND("\x04" "play" NUMBER("\x10") "\x05\x02\0\x0b" "a?video=all")),
    MESSAGE(COMMAND("\x04" "play" NUMBER("\x10") "\x05\x02\0\x16" "a?plain=1&audio=none&v")),
    MESSAGE(COMMAND("\x05" "pause" NUMBER("\x10") "\x05\x01\x01" NUMBER("\x59"))),
    MESSAGE(COMMAND("\x05" "pause" NUMBER("\x10") "\x05\x01\0" NUMBER("\x59"))),
    MESSAGE(COMMAND("\x04" "seek" NUMBER("\x10") "\x05" NUMBER("\x59"))),
    MESSAGE(COMMAND("\x0c" "receiveAudio" NUMBER("\0") "\x05\x01\0")),
    MESSAGE(COMMAND("\x0c" "receiveVideo" NUMBER("\0") "\x05\x01\0")),
    MESSAGE(COMMAND("\x0c" "receiveVideo" NUMBER("\0") "\x05\x01\x01")),
    MESSAGE(COMMAND("\x0d" "releaseStream" NUMBER("\0") "\x05\x02\0\x01" "a")),
    MESSAGE(COMMAND("\x09" "FCPublish" NUMBER("\0") "\x05\x02\0\x01" "a")),
    MESSAGE(COMMAND("\x0b" "FCUnpublish" NUMBER("\0") "\x05\x02\0\x01" "a")),
    MESSAGE(COMMAND("\x0b" "FCSubscribe" NUMBER("\0") "\x05\x02\0\x01" "a")),
    MESSAGE(COMMAND("\x0c" "deleteStream" NUMBER("\0") "\x05" ONE)),
    MESSAGE(COMMAND("\x0b" "closeStream" "\0\0\0\0\0\0\0\0\0" "\x05")),
    MESSAGE("\x02\x01\0\0\0\0" "\0\0\x10\0"), MESSAGE("\x02\x02\0\0\0\0" "\0\0\0\x03"),
    MESSAGE("\x02\x03\0\0\0\0" "\0\x01\0\0"), MESSAGE("\x02\x05\0\0\0\0" "\0\0\0\x10"),
    MESSAGE("\x02\x04\0\0\0\0" "\0\x06\0\0\0\x01"), MESSAGE("\x02\x04\0\0\0\0" "\0\x03\0\0\0\x01\0\0\x10\0"),
    MESSAGE("\x04\x12\x01\0\0\0" "\x02\0\x0d@setDataFrame" METADATA),
    MESSAGE("\x06\x09\x01\0\0\0" AVC_HEADER), MESSAGE("\x06\x09\x01\0\0\x28" AVC_KEYFRAME),
    MESSAGE("\x06\x09\x01\0\0\x50" AVC_INTERFRAME), MESSAGE("\x04\x08\x01\0\0\0" AAC_HEADER),
    MESSAGE("\x04\x08\x01\0\0\x30" AAC_FRAME), MESSAGE("\x06\x09\x01\0\0\0" HEVC_HEADER),
    MESSAGE("\x06\x09\x01\0\0\x28" HEVC_KEYFRAME), MESSAGE("\x06\x09\x01\0\0\x28" MULTITRACK),
    MESSAGE("\x06\x09\x01\xff\xff\xf0" AVC_KEYFRAME), MESSAGE("\xc6\x09\x01\0\0\x28" AVC_INTERFRAME),
    MESSAGE("\x06\x16\x01\0\0\0" "\x09\0\0\x12\0\0\0\0\0\0\0" AVC_KEYFRAME "\0\0\0\x1d"),

    GET("/live/a.flv"), GET("/live/a.flv?video=all&plain=1"), GET("/live/a.flv?sign=2000000000-00"),
    WEBSOCKET("/live/a.flv"), WEBSOCKET("/live/a?publish=1"), WEBSOCKET("/live/a"),
    PART(STEP_BYTES, "HEAD /live/a.flv HTTP/1.1\r\nHost: a\r\n\r\n"),
    PART(STEP_BYTES, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    PART(STEP_BYTES, "GET / HTTP/1.0\r\n\r\n"),
    POST("/live/a.flv", "Transfer-Encoding: chunked"), POST("/live/a.flv", "Content-Length: 1000"),
    POST("/live/b", "Expect: 100-continue\r\nContent-Length: 64"), POST("/nothing", "Content-Length: 5"),
    PART(STEP_PIECE, FLV_HEADER), PART(STEP_PIECE, ""), PART(STEP_BYTES, FLV_HEADER),
    PART(STEP_FRAME, "\x82" FLV_HEADER), PART(STEP_FRAME, "\x88\x03\xe8"), PART(STEP_FRAME, "\x89ping"),
    PART(STEP_FRAME, "\x8a"), PART(STEP_FRAME, "\x02" "half"), PART(STEP_FRAME, "\x80" "half"),
    TAG("\x12", METADATA), TAG("\x09", AVC_HEADER), TAG("\x09", AVC_KEYFRAME), TAG("\x09", AVC_INTERFRAME),
    TAG("\x08", AAC_HEADER), TAG("\x08", AAC_FRAME),
    TAG("\x29", AVC_HEADER), TAG("\x29", AVC_KEYFRAME), TAG("\x28", AAC_FRAME),
    TAG("\x49", AVC_HEADER), TAG("\x49", AVC_KEYFRAME), TAG("\x48", AAC_FRAME),
    TAG("\x69", AVC_HEADER), TAG("\x69", AVC_KEYFRAME), TAG("\x68", AAC_FRAME),

    PART(STEP_BYTES, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    PART(STEP_FRAME2, "\x04\0\0"), PART(STEP_FRAME2, "\x04\x01\0"),
    PART(STEP_FRAME2, "\x04\0\0\0\x04\0\0\0\x10"), PART(STEP_FRAME2, "\x04\0\0\0\x04\x7f\xff\xff\xff"),
    /* HEADERS: :method GET, :scheme https, :path and :authority as literals */
    PART(STEP_FRAME2, "\x01\x05\x01\x82\x87\x04\x0b/live/a.flv\x01\x01" "a"),
    PART(STEP_FRAME2, "\x01\x05\x03\x82\x87\x04\x0b/live/a.flv\x01\x01" "a"),
    PART(STEP_FRAME2, "\x01\x04\x01\x83\x87\x04\x0b/live/a.flv\x01\x01" "a"),
    PART(STEP_FRAME2, "\x01\x04\x05\x02\x07" "CONNECT" "\x87\x04\x0b/live/a.flv\x01\x01" "a"
                      "\0\x09:protocol\x09websocket\0\x15sec-websocket-version\x02" "13"),
    PART(STEP_FRAME2, "\0\0\x01" FLV_HEADER), PART(STEP_FRAME2, "\0\x01\x01"),
    PART(STEP_FRAME2, "\x03\0\x01\0\0\0\x08"), PART(STEP_FRAME2, "\x06\0\0" "pingpong"),
    PART(STEP_FRAME2, "\x07\0\0\0\0\0\x01\0\0\0\0"), PART(STEP_FRAME2, "\x08\0\0\0\0\x10\0"),
    PART(STEP_FRAME2, "\x08\0\x01\0\0\x10\0"), PART(STEP_FRAME2, "\x09\x04\x01\x84"),
    PART(STEP_FRAME2, "\x02\0\x01\0\0\0\0\x10"),

    PART(STEP_BYTES, "PROXY TCP4 198.51.100.1 203.0.113.9 1 2\r\n"),
    PART(STEP_BYTES, "\x0d\x0a\x0d\x0a\0\x0d\x0aQUIT\x0a\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02"),
};

const size_t part_count = sizeof parts / sizeof *parts;

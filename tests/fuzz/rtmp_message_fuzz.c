/* One message: a byte of type, then its payload, through whatever a session would hand it to;
 * then written in chunks and read back. */
#include "base/error.h"
#include "protocol/rtmp_command.h"
#include "protocol/rtmp_data.h"
#include "protocol/rtmp_message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static void require_inside(struct bytes part, struct bytes whole)
{
    REQUIRE(part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void try_command(struct bytes payload, bool amf3)
{
    struct rtmp_command command;
    struct amf_value    value;
    int                 result = rtmp_command_read(payload, amf3, &command);
    REQUIRE(result == 0 || result == ERR_PROTOCOL);
    if (result < 0)
        return;
    require_inside(command.name, payload);
    while (amf_read(&command.arguments, &value))
        ;
}

static void try_data(struct bytes payload, bool amf3)
{
    enum rtmp_data_kind kind, again;
    struct bytes        left = rtmp_data_strip(payload, amf3, &kind);
    require_inside(left, payload);
    rtmp_data_strip(left, false, &again);
    REQUIRE(kind != RTMP_DATA_METADATA || again == RTMP_DATA_METADATA);
}

static void try_aggregate(const struct rtmp_message *m)
{
    struct rtmp_aggregate walk = rtmp_aggregate_over(m);
    struct rtmp_message   part;
    size_t                total = 0;
    int                   result;
    while ((result = rtmp_aggregate_next(&walk, &part)) == 1) {
        total += 15 + part.packet->size;
        REQUIRE(part.type != RTMP_AGGREGATE && part.msid == m->msid);
        avpacket_unref(&part.packet);
    }
    REQUIRE(part.packet == NULL && total <= m->packet->size);
    REQUIRE(result < 0 || total == m->packet->size);
}

/* The message as rtmp_write_message() cuts it must come back from the chunk reader. */
static void try_chunks(const struct rtmp_message *m, uint32_t chunk_size)
{
    static const struct rtmp_chunk_limits limits = { 0xffffff, 1, 1 << 25 };
    struct bytes              body = avpacket_bytes(m->packet);
    size_t                    size = rtmp_message_wire_size(body.size, m->time_ms, chunk_size);
    uint8_t                  *wire = malloc(size);
    struct writer             w = writer_over(wire, size);
    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&limits);
    struct rtmp_message       got;
    rtmp_write_message(&w, m->csid, m->type, m->msid, m->time_ms, body, chunk_size);
    REQUIRE(!w.overrun && writer_size(&w) == size);
    REQUIRE(rtmp_chunk_reader_set_chunk_size(c, chunk_size) == 0);
    REQUIRE(rtmp_chunk_read(c, (struct bytes){ wire, size }, &got) == (ssize_t)size && got.packet != NULL);
    REQUIRE(got.csid == m->csid && got.msid == m->msid && got.type == m->type && got.time_ms == m->time_ms);
    REQUIRE(bytes_equal(avpacket_bytes(got.packet), body));
    avpacket_unref(&got.packet);
    rtmp_chunk_reader_free(c);
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint32_t         body_size = (uint32_t)size - 1;
    struct avpacket *packet = avpacket_new(data[0], body_size);
    memcpy(avpacket_body(packet), data + 1, body_size);
    packet->size = body_size;

    struct rtmp_message m = { .csid = 2 + data[0] % 62u, .msid = body_size * 0x10001u,
                              .time_ms = body_size * 0x51ed27u, .type = data[0], .packet = packet };
    struct rtmp_control control;
    struct bytes        payload = avpacket_bytes(packet);
    int                 result = rtmp_control_read(m.type, payload, &control);
    REQUIRE((result == ERR_UNSUPPORTED) == (m.type < 1 || m.type > 6));
    try_command(payload, m.type == RTMP_COMMAND_AMF3);
    try_data(payload, m.type == RTMP_DATA_AMF3);
    try_aggregate(&m);
    try_chunks(&m, 1 + body_size % 251u);
    avpacket_unref(&packet);
    return 0;
}

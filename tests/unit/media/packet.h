/* packet.h - packets for the tests of media/. */
#ifndef MILLRACE_TESTS_MEDIA_PACKET_H
#define MILLRACE_TESTS_MEDIA_PACKET_H

#include "check.h"

#include "media/avpacket.h"

/* A packet of exactly this body, with no room behind it: AddressSanitizer sees a read past it. */
static inline struct avpacket *exact_packet(uint8_t type, const void *body, size_t size)
{
    struct avpacket *p = malloc(sizeof *p + AVPACKET_HEADROOM + size);
    assert_non_null(p);
    *p = (struct avpacket){ .type = type, .size = (uint32_t)size, .capacity = (uint32_t)size };
    atomic_init(&p->refs, 1);
    if (size > 0)
        memcpy(avpacket_body(p), body, size);
    return p;
}

#define WIRE(text) text, sizeof text - 1

#endif

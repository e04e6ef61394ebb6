/* utf8.h - a check of UTF-8 that takes one byte at a time (RFC 3629, 4): no overlong forms, no
 * surrogates, nothing above U+10FFFF. */
#ifndef MILLRACE_PROTOCOL_UTF8_H
#define MILLRACE_PROTOCOL_UTF8_H

#include "base/bytes.h"

/* Where a check is; all zeros at the start of a text.  Plain data. */
struct utf8 {
    uint32_t code; /* of the character read last, once `left` is 0 */
    uint8_t  left; /* bytes this character still needs */
    uint8_t  low;  /* the range the next of them is in */
    uint8_t  high;
};

static inline bool utf8_start(struct utf8 *u, uint8_t byte)
{
    u->low = 0x80;
    u->high = 0xbf;
    if (byte < 0x80) {
        u->code = byte;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
        u->left = 1;
        u->code = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        u->left = 2;
        u->code = byte & 0x0f;
        u->low = byte == 0xe0 ? 0xa0 : 0x80;  /* below: overlong */
        u->high = byte == 0xed ? 0x9f : 0xbf; /* above: surrogates */
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        u->left = 3;
        u->code = byte & 0x07;
        u->low = byte == 0xf0 ? 0x90 : 0x80;
        u->high = byte == 0xf4 ? 0x8f : 0xbf; /* above: beyond U+10FFFF */
    } else {
        return false;
    }
    return true;
}

/* Take the next byte; false as soon as the text cannot be UTF-8 any more.  A text may end
 * where `left` is 0. */
static inline bool utf8_take(struct utf8 *u, uint8_t byte)
{
    if (u->left == 0)
        return utf8_start(u, byte);
    if (byte < u->low || byte > u->high)
        return false;
    u->code = u->code << 6 | (byte & 0x3f);
    u->low = 0x80;
    u->high = 0xbf;
    u->left--;
    return true;
}

/* Whether the whole of `text` is UTF-8. */
static inline bool utf8_valid(struct bytes text)
{
    struct utf8 u = { 0 };
    for (size_t i = 0; i < text.size; i++)
        if (!utf8_take(&u, text.data[i]))
            return false;
    return u.left == 0;
}

#endif

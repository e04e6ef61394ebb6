/* bits.h - a bounded cursor over bits, most significant first, as all parameter sets are written.
 *
 * Asked for more than there is, it returns zeros and sets `overrun`, which stays set: code
 * follows the syntax table straight through and tests once at its end.  Over a NAL unit it
 * steps over emulation prevention bytes as it goes, so nothing is copied. */
#ifndef MILLRACE_MEDIA_BITS_H
#define MILLRACE_MEDIA_BITS_H

#include "base/bytes.h"

struct bits {
    const uint8_t *at;      /* the byte that holds the next bit */
    const uint8_t *end;
    uint8_t        used;    /* bits of *at that are read: 0 to 7 */
    uint8_t        zeros;   /* zero bytes directly before *at, up to 2 */
    bool           nal;     /* 3 after two zeros is no data (H.264 7.4.1, H.265 7.4.2) */
    bool           overrun;
};

struct bits bits_over(struct bytes);
struct bits bits_over_nal(struct bytes);

/* The next `count` bits, 0 to 32. */
uint32_t bits_read(struct bits *, unsigned count);

static inline bool bits_flag(struct bits *b)
{
    return bits_read(b, 1) != 0;
}

void bits_skip(struct bits *, size_t count);

/* Exp-Golomb codes, ue(v) and se(v) (H.264 9.1).  One longer than 32 bits is an overrun: no
 * syntax element needs it. */
uint32_t bits_ue(struct bits *);
int32_t  bits_se(struct bits *);

/* Bits that are left; over a NAL unit, emulation prevention bytes to come count as well. */
size_t bits_left(const struct bits *);

#endif

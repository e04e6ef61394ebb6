#include "media/bits.h"

struct bits bits_over(struct bytes in)
{
    return (struct bits){ .at = in.data, .end = in.data + in.size };
}

/* Step over an emulation prevention byte, if that is what stands at b->at. */
static void skip_prevention(struct bits *b)
{
    if (b->nal && b->zeros == 2 && b->at < b->end && *b->at == 3) {
        b->at++;
        b->zeros = 0;
    }
}

struct bits bits_over_nal(struct bytes in)
{
    struct bits b = bits_over(in);
    b.nal = true;
    return b;
}

static void next_byte(struct bits *b)
{
    b->zeros = *b->at == 0 ? (b->zeros < 2 ? b->zeros + 1 : 2) : 0;
    b->at++;
    b->used = 0;
    skip_prevention(b);
}

static uint32_t out_of_bits(struct bits *b)
{
    b->at = b->end;
    b->used = 0;
    b->overrun = true;
    return 0;
}

uint32_t bits_read(struct bits *b, unsigned count)
{
    uint32_t value = 0;
    while (count > 0) {
        if (b->at == b->end)
            return out_of_bits(b);
        unsigned left = 8u - b->used;
        unsigned take = count < left ? count : left;
        value = value << take | (*b->at >> (left - take) & ((1u << take) - 1));
        b->used += take;
        count -= take;
        if (b->used == 8)
            next_byte(b);
    }
    return value;
}

void bits_skip(struct bits *b, size_t count)
{
    for (; count > 32 && !b->overrun; count -= 32)
        bits_read(b, 32);
    bits_read(b, count < 32 ? (unsigned)count : 32);
}

uint32_t bits_ue(struct bits *b)
{
    unsigned zeros = 0;
    while (!bits_flag(b)) {
        if (b->overrun || ++zeros > 31)
            return out_of_bits(b);
    }
    return (1u << zeros) - 1 + bits_read(b, zeros);
}

int32_t bits_se(struct bits *b)
{
    uint32_t code = bits_ue(b);                     /* 0, 1, -1, 2, -2 ... */
    return code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

size_t bits_left(const struct bits *b)
{
    return (size_t)(b->end - b->at) * 8 - b->used;
}

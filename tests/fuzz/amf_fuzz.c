/* Any bytes, as AMF0 and as AMF3.  What is read lies in the input, ends, and is the same whether a
 * container is walked or skipped. */
#include "protocol/amf3.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static void require_inside(struct bytes part, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < part.size; i++) {
        volatile uint8_t touched = part.data[i];
        (void)touched;
    }
    REQUIRE(part.size == 0 || (part.data >= data && part.data + part.size <= data + size));
}

/* Every read takes a byte or closes what an earlier one opened; a dictionary takes three. */
static struct amf_reader walk(struct amf_reader r, const uint8_t *data, size_t size)
{
    struct amf_value v;
    size_t           reads = 0;
    while (amf_read(&r, &v)) {
        REQUIRE(++reads <= 2 * size + AMF_DEPTH_MAX);
        REQUIRE(r.depth <= AMF_DEPTH_MAX && r.error == 0);
        require_inside(v.key, data, size);
        require_inside(v.string, data, size);
    }
    REQUIRE(r.error < 0 || (r.depth == 0 && r.in.at == data + size));
    return r;
}

static void compare(struct amf_reader start, const uint8_t *data, size_t size)
{
    struct amf_reader walked = walk(start, data, size);
    struct amf_value  v;
    while (amf_read_flat(&start, &v))
        REQUIRE(start.depth == 0 && v.type != AMF_END);
    REQUIRE(start.error == walked.error && start.in.at == walked.in.at);
    REQUIRE(start.string_count == walked.string_count && start.object_count == walked.object_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = { data, size };
    compare(amf_reader_over(in), data, size);
    compare(amf3_reader_over(in), data, size);
    return 0;
}

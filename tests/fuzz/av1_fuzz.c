/* Any bytes as each of the parameter sets of AV1. */
#include "info.h"

#include "media/avcodec.h"
#include "media/av1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    require_reader(av1_read_config, AVCODEC_AV1, data, size);
    require_reader(av1_read_frame, AVCODEC_AV1, data, size);
    return 0;
}

/* Any bytes as each of the parameter sets of H.264. */
#include "info.h"

#include "media/avcodec.h"
#include "media/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    require_reader(h264_read_config, AVCODEC_H264, data, size);
    require_reader(h264_read_sps, AVCODEC_H264, data, size);
    return 0;
}

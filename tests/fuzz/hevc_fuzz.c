/* Any bytes as each of the parameter sets of HEVC. */
#include "info.h"

#include "media/avcodec.h"
#include "media/hevc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    require_reader(hevc_read_config, AVCODEC_HEVC, data, size);
    require_reader(hevc_read_sps, AVCODEC_HEVC, data, size);
    require_reader(hevc_read_vps, AVCODEC_HEVC, data, size);
    return 0;
}

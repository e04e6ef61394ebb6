/* Any bytes as each of the parameter sets of AAC. */
#include "info.h"

#include "media/avcodec.h"
#include "media/aac.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    require_reader(aac_read_config, AVCODEC_AAC, data, size);
    return 0;
}

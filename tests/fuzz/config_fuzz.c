/* A configuration file of any bytes: it loads, and then prints as one that loads again, or it
 * is refused in one sentence. */
#include "core/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct config *config, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    assert(out != NULL && config_print(config, out) == 0);
    fclose(out);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL, *again = NULL;
    char           error[CONFIG_ERROR_SIZE];
    memset(error, 'x', sizeof error);
    if (config_load_text("millrace.json", (const char *)data, size, NULL, 0, &config, error) < 0) {
        assert(config == NULL && memchr(error, '\0', sizeof error) != NULL);
        assert(strncmp(error, "millrace.json", strlen("millrace.json")) == 0);
        return 0;
    }
    size_t text_size = 0, again_size = 0;
    char  *text = print(config, &text_size);
    assert(config_load_text("again", text, text_size, NULL, 0, &again, error) == 0);
    char *text_again = print(again, &again_size);
    assert(text_size == again_size && memcmp(text, text_again, text_size) == 0);
    free(text);
    free(text_again);
    config_free(config);
    config_free(again);
    return 0;
}

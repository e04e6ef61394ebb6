/* notify_answer_fuzz.c - what a webhook answers.  The first byte chooses the status. */
#include "base/error.h"
#include "protocol/utf8.h"
#include "server/notify_answer.h"

#include <stdlib.h>
#include <string.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* A name that was let pass is a stream's, and reads back as itself. */
static void check_path(const char *path)
{
    struct url_stream stream;
    if (path[0] == '\0')
        return;
    must(url_stream_from_path(path, &stream, NULL) == 0);
    must(strcmp(stream.path, path) == 0);
}

static void check_reason(const char *reason)
{
    must(strlen(reason) < ACCESS_REASON_SIZE);
    must(utf8_valid(bytes_of(reason)));
    for (const char *c = reason; *c != '\0'; c++)
        must((uint8_t)*c >= 0x20 && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long     statuses[] = { 200, 204, 403, 404, 0, 302, 429, 500 };
    struct access_verdict verdict;
    char                  reason[ACCESS_REASON_SIZE];
    if (size == 0)
        return 0;
    long         status = statuses[data[0] % (sizeof statuses / sizeof *statuses)];
    struct bytes body = { data + 1, size - 1 };
    notify_answer_clean((const char *)body.data, body.size, reason);
    check_reason(reason);
    if (notify_answer_read(status, body, "live", &verdict) != 0) {
        must(status != 403 && status != 404); /* a refusal is one, whatever it says */
        return 0;
    }
    must(verdict.result == (status < 300 ? ACCESS_ALLOWED : ACCESS_REFUSED));
    must(verdict.result == ACCESS_ALLOWED || verdict.path[0] == '\0');
    must(verdict.result == ACCESS_REFUSED || verdict.reason[0] == '\0');
    check_path(verdict.path);
    check_reason(verdict.reason);
    return 0;
}

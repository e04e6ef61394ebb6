#include "session/replay_options.h"

#include "base/error.h"
#include "protocol/iso_time.h"
#include "protocol/url.h"

enum { VALUE_SIZE = 48 }; /* longer than any value that means something */

static bool read_from(const char *value, struct replay_options *out)
{
    return iso_time_parse(value, &out->from_ms) == 0;
}

static bool read_to(const char *value, struct replay_options *out)
{
    return iso_time_parse(value, &out->to_ms) == 0;
}

static bool read_pace(const char *value, struct replay_options *out)
{
    out->is_fast = strcmp(value, "fast") == 0;
    return out->is_fast || strcmp(value, "real") == 0;
}

static bool read_gaps(const char *value, struct replay_options *out)
{
    out->closes_gaps = strcmp(value, "close") == 0;
    return out->closes_gaps || strcmp(value, "keep") == 0;
}

#define NO_TIME "is no time: ISO 8601 with an offset, or seconds since 1970"

static const struct {
    const char *name;
    bool (*read)(const char *value, struct replay_options *);
    const char *wrong;
    const char *twice;
} options[] = {
    { "from", read_from, "from= " NO_TIME, "from= is there twice" },
    { "to", read_to, "to= " NO_TIME, "to= is there twice" },
    { "pace", read_pace, "pace= is neither real nor fast", "pace= is there twice" },
    { "gaps", read_gaps, "gaps= is neither keep nor close", "gaps= is there twice" },
};

static int refuse(const char *reason, const char **why)
{
    *why = reason;
    return ERR_INVALID;
}

int replay_options_read(struct bytes query, int64_t now_ms, struct replay_options *out, const char **why)
{
    struct replay_options read = { .to_ms = INT64_MAX };
    char                  value[VALUE_SIZE];
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        size_t count = url_query_count(query, options[i].name);
        if (count > 1)
            return refuse(options[i].twice, why);
        if (count == 1 && (url_query_get(query, options[i].name, value, sizeof value) < 0 ||
                           !options[i].read(value, &read)))
            return refuse(options[i].wrong, why);
    }
    if (read.from_ms > now_ms)
        return refuse("from= is in the future", why);
    if (read.from_ms >= read.to_ms)
        return refuse("to= is not after from=", why);
    read.follows = read.to_ms > now_ms && read.to_ms < INT64_MAX;
    *out = read;
    return 0;
}

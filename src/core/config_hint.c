#include "core/config_hint.h"

#include "core/config_keys.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_SIZE 64

/* Keys of Node Media Server, versions 2 and 4, that have another name here or none.  A name
 * stands for all keys below it, too; when a key of that name is added to config_keys.c, its
 * line here goes. */
static const struct {
    const char *name;
    const char *instead;
} originals[] = {
    { "logType", "use log.level (\"none\", \"error\", \"info\" or \"debug\")" },
    { "cluster", "use workers, the count of threads" },
    { "rtmp.gop_cache", "use delivery.gop_cache" },
    { "rtmp.ssl", "use rtmps.port, rtmps.key and rtmps.cert" },
    { "https.passphrase", "store the key without a passphrase, readable by the server only" },
    { "http.mediaroot", "use record.path" },
    { "http.webroot", "use static.root" },
    { "http.api", "use api.enable" },
    { "webadmin", "the pages need no key; leave it out, and see api.users for who may use them" },
    { "auth.api", "who may use the API is set by api.users and api.tokens" },
    { "auth.api_user", "who may use the API is set by api.users and api.tokens" },
    { "auth.api_pass", "who may use the API is set by api.users and api.tokens" },
    { "auth.jwt", "who may use the API is set by api.users and api.tokens" },
    { "trans", "Millrace runs no ffmpeg; run it beside the server, as a viewer of the stream" },
    { "fission", "Millrace runs no ffmpeg; publish each rendition as a stream of its own" },
    { "relay", "this version does not relay; run ffmpeg beside the server" },
};

/* The edits that make `b` of `a`: a letter more, less or other, or two neighbours swapped. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][NAME_MAX_SIZE];
    size_t   a_size = strlen(a), b_size = strlen(b);
    if (a_size >= NAME_MAX_SIZE || b_size >= NAME_MAX_SIZE)
        return NAME_MAX_SIZE;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && second[j - 2] + 1 < best)
                best = second[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

struct nearest {
    char     name[NAME_MAX_SIZE];
    unsigned distance;
};

static void consider(struct nearest *best, const char *name, const char *candidate, size_t size)
{
    char copy[NAME_MAX_SIZE];
    if (size >= sizeof copy)
        return;
    memcpy(copy, candidate, size);
    copy[size] = '\0';
    unsigned    d = distance(name, copy);
    const char *last = strrchr(copy, '.');
    if (last != NULL && strcmp(last + 1, name) == 0) /* the section was left out */
        d = 1;
    if (d < best->distance) {
        best->distance = d;
        memcpy(best->name, copy, size + 1);
    }
}

/* A third of the letters may be wrong; more is another word. */
static struct nearest find_nearest(const char *name)
{
    size_t         letters = strnlen(name, NAME_MAX_SIZE);
    struct nearest best = { .distance = letters < 3 ? 2 : (unsigned)letters / 3 + 1 };
    for (size_t i = 0; i < config_key_count; i++) {
        const char *candidate = config_keys[i].name;
        for (const char *dot = strchr(candidate, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
            consider(&best, name, candidate, (size_t)(dot - candidate));
        consider(&best, name, candidate, strlen(candidate));
    }
    return best;
}

static bool is_or_below(const char *name, const char *top)
{
    size_t size = strlen(top);
    return strncmp(name, top, size) == 0 && (name[size] == '\0' || name[size] == '.');
}

void config_hint(const char *name, char *out, size_t size)
{
    for (size_t i = 0; i < sizeof originals / sizeof *originals; i++)
        if (is_or_below(name, originals[i].name)) {
            snprintf(out, size, ": %s", originals[i].instead);
            return;
        }
    struct nearest best = find_nearest(name);
    if (best.name[0] != '\0')
        snprintf(out, size, "; did you mean \"%s\"?", best.name);
    else
        out[0] = '\0';
}

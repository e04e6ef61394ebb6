#include "core/stream_key.h"

#include "base/clock.h"
#include "core/config.h"
#include "core/session.h"
#include "core/worker.h"

#include <openssl/crypto.h>
#include <string.h>

static bool is_same(const char *secret, const char *given)
{
    size_t size = strlen(secret);
    return strlen(given) == size && CRYPTO_memcmp(secret, given, size) == 0;
}

static const struct config_stream_key *find_key(const struct config_stream_keys *keys, const char *given)
{
    const struct config_stream_key *found = NULL;
    for (size_t i = 0; i < keys->count; i++)
        if (is_same(keys->items[i].key, given))
            found = &keys->items[i];
    return found;
}

static bool has_key(const struct config_stream_keys *keys, const char *path)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].path, path) == 0)
            return true;
    return false;
}

static void rename_stream(struct session *s, const char *path)
{
    struct url_stream stream;
    if (url_stream_from_path(path, &stream, NULL) != 0)
        return; /* the configuration was checked */
    stream.query = s->stream->query;
    session_set_stream(s, &stream);
}

bool stream_key_apply(struct session *s, const char **why)
{
    const struct config_stream_keys *keys = &s->worker->config->publish.keys;
    const struct config_stream_key  *key = find_key(keys, s->stream->name);
    *why = NULL;
    if (key == NULL) {
        if (has_key(keys, s->stream->path))
            *why = "this stream is published with its key only";
        return false;
    }
    if (key->expires_s != 0 && clock_wall_ms() / 1000 > key->expires_s)
        *why = "the stream key has expired";
    rename_stream(s, key->path);
    return true;
}

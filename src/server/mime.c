#include "server/mime.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define TEXT(type)   { type "; charset=utf-8", true }
#define CODE(type)   { type, true }
#define BINARY(type) { type, false }

static const struct {
    const char *extension;
    struct mime mime;
} known[] = {
    /* pages */
    { "html", TEXT("text/html") },
    { "htm", TEXT("text/html") },
    { "css", TEXT("text/css") },
    { "js", TEXT("text/javascript") },
    { "mjs", TEXT("text/javascript") },
    { "json", CODE("application/json") },
    { "map", CODE("application/json") },
    { "webmanifest", CODE("application/manifest+json") },
    { "wasm", CODE("application/wasm") },
    { "xml", CODE("application/xml") },
    { "txt", TEXT("text/plain") },
    { "log", TEXT("text/plain") },
    { "md", TEXT("text/markdown") },
    { "csv", TEXT("text/csv") },
    { "pdf", BINARY("application/pdf") },
    /* pictures and fonts */
    { "svg", CODE("image/svg+xml") },
    { "png", BINARY("image/png") },
    { "jpg", BINARY("image/jpeg") },
    { "jpeg", BINARY("image/jpeg") },
    { "gif", BINARY("image/gif") },
    { "webp", BINARY("image/webp") },
    { "avif", BINARY("image/avif") },
    { "ico", BINARY("image/x-icon") },
    { "woff", BINARY("font/woff") },
    { "woff2", BINARY("font/woff2") },
    { "ttf", BINARY("font/ttf") },
    { "otf", BINARY("font/otf") },
    /* sound and film */
    { "flv", BINARY("video/x-flv") },
    { "mp4", BINARY("video/mp4") },
    { "m4v", BINARY("video/mp4") },
    { "m4s", BINARY("video/iso.segment") },
    { "webm", BINARY("video/webm") },
    { "mkv", BINARY("video/x-matroska") },
    { "mov", BINARY("video/quicktime") },
    { "ts", BINARY("video/mp2t") },
    { "m3u8", CODE("application/vnd.apple.mpegurl") },
    { "mpd", CODE("application/dash+xml") },
    { "m4a", BINARY("audio/mp4") },
    { "aac", BINARY("audio/aac") },
    { "mp3", BINARY("audio/mpeg") },
    { "ogg", BINARY("audio/ogg") },
    { "opus", BINARY("audio/ogg") },
    { "flac", BINARY("audio/flac") },
    { "wav", BINARY("audio/wav") },
    { "vtt", TEXT("text/vtt") },
    { "srt", TEXT("application/x-subrip") },
    /* archives */
    { "zip", BINARY("application/zip") },
    { "gz", BINARY("application/gzip") },
    { "tar", BINARY("application/x-tar") },
};

struct mime mime_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash != NULL ? slash + 1 : name;
    const char *dot = strrchr(file, '.');
    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(dot + 1, known[i].extension) == 0)
            return known[i].mime;
    return (struct mime)BINARY("application/octet-stream");
}

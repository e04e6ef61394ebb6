#include "core/config_file.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int config_file_read(const char *path, char **text, size_t *size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERR_SYSTEM;
    char  *all = alloc_zeroed(CONFIG_FILE_SIZE_MAX + 1);
    size_t got = fread(all, 1, CONFIG_FILE_SIZE_MAX + 1, file);
    int    error = ferror(file) ? ERR_SYSTEM : got > CONFIG_FILE_SIZE_MAX ? ERR_TOO_BIG : 0;
    int    saved = errno;
    fclose(file);
    errno = saved;
    if (error < 0) {
        free(all);
        return error;
    }
    *text = all;
    *size = got;
    return 0;
}

struct scanner {
    const char *at;
    const char *end;
};

static char peek(const struct scanner *s)
{
    return s->at < s->end ? *s->at : '\0';
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->end && strchr(" \t\r\n", *s->at) != NULL && *s->at != '\0')
        s->at++;
}

/* From the opening quote to behind the closing one. */
static void skip_string(struct scanner *s)
{
    for (s->at++; s->at < s->end && *s->at != '"'; s->at++)
        if (*s->at == '\\' && s->at + 1 < s->end)
            s->at++;
    if (s->at < s->end)
        s->at++;
}

/* Counts brackets instead of calling itself: the file may nest as deep as it likes. */
static void skip_value(struct scanner *s)
{
    size_t depth = 0;
    while (s->at < s->end) {
        char c = *s->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        if (c == '"') {
            skip_string(s);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        s->at++;
    }
}

/* Is the string that begins with the quote at `start`, escapes and all, `key`? */
static bool is_key(const char *start, const char *end, const char *key)
{
    json_t *string = json_loadb(start, (size_t)(end - start), JSON_DECODE_ANY, NULL);
    bool    same = json_is_string(string) && strcmp(json_string_value(string), key) == 0;
    json_decref(string);
    return same;
}

/* From an object's value to the value of its member `key`; the place of the key, or NULL. */
static const char *enter(struct scanner *s, const char *key)
{
    if (peek(s) != '{')
        return NULL;
    do {
        s->at++;
        skip_space(s);
        const char *start = s->at;
        if (peek(s) != '"')
            return NULL;
        skip_string(s);
        bool found = is_key(start, s->at, key);
        skip_space(s);
        if (peek(s) != ':')
            return NULL;
        s->at++;
        skip_space(s);
        if (found)
            return start;
        skip_value(s);
    } while (peek(s) == ',');
    return NULL;
}

/* As deep as `path` is, which is our key table's depth and not the file's. */
static const char *seek(struct scanner *s, const struct config_path *path)
{
    if (path->parent != NULL && seek(s, path->parent) == NULL)
        return NULL;
    return enter(s, path->key);
}

unsigned config_file_line(const char *text, size_t size, const struct config_path *path)
{
    struct scanner s = { text, text + size };
    skip_space(&s);
    const char *key = seek(&s, path);
    if (key == NULL)
        return 0;
    unsigned line = 1;
    for (const char *at = text; at < key; at++)
        line += *at == '\n';
    return line;
}

#include "protocol/json_writer.h"

#include "protocol/iso_time.h"

#include <string.h>

/* Most have nothing to escape: runs are copied whole. */
static void add_quoted(struct text *t, const char *value)
{
    static const char hex[] = "0123456789abcdef";
    text_add_char(t, '"');
    for (const char *run = value; *run != '\0';) {
        const char *at = run;
        while ((unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
            at++;
        text_add(t, run, (size_t)(at - run));
        if (*at == '\0')
            break;
        char escape[6] = { '\\', *at };
        if ((unsigned char)*at < 0x20)
            memcpy(escape + 1, (char[5]){ 'u', '0', '0', hex[*at >> 4], hex[*at & 15] }, 5);
        text_add(t, escape, (unsigned char)*at < 0x20 ? 6 : 2);
        run = at + 1;
    }
    text_add_char(t, '"');
}

static void begin_value(struct json_writer *w, const char *key)
{
    if (w->more)
        text_add_char(w->out, ',');
    w->more = true;
    if (key == NULL)
        return;
    add_quoted(w->out, key);
    text_add_char(w->out, ':');
}

void json_begin(struct json_writer *w, const char *key, char bracket)
{
    begin_value(w, key);
    text_add_char(w->out, bracket);
    w->more = false;
}

void json_end(struct json_writer *w, char bracket)
{
    text_add_char(w->out, bracket);
    w->more = true;
}

void json_write_string(struct json_writer *w, const char *key, const char *value)
{
    begin_value(w, key);
    add_quoted(w->out, value);
}

void json_write_number(struct json_writer *w, const char *key, uint64_t value)
{
    begin_value(w, key);
    text_add_number(w->out, value);
}

void json_write_real(struct json_writer *w, const char *key, double value)
{
    begin_value(w, key);
    text_add_real(w->out, value);
}

void json_write_bool(struct json_writer *w, const char *key, bool value)
{
    begin_value(w, key);
    text_add_string(w->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *w, const char *key)
{
    begin_value(w, key);
    text_add_string(w->out, "null");
}

void json_write_text(struct json_writer *w, const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        json_write_null(w, key);
    else
        json_write_string(w, key, value);
}

void json_write_known(struct json_writer *w, const char *key, uint64_t value)
{
    if (value == 0)
        json_write_null(w, key);
    else
        json_write_number(w, key, value);
}

void json_write_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[ISO_TIME_SIZE];
    if (ms == 0) {
        json_write_null(w, key);
        return;
    }
    iso_time_format(ms, text);
    json_write_string(w, key, text);
}

void json_write_raw(struct json_writer *w, const char *key, const char *data, size_t size)
{
    begin_value(w, key);
    text_add(w->out, data, size);
}

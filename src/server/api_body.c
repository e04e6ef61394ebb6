#include "server/api_body.h"

#include "server/api_query.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/* Parameters of the type: none but the charset that JSON has anyway. */
static bool is_utf8_parameter(const char *text)
{
    text += strspn(text, "; \t");
    if (*text == '\0')
        return true;
    return strcasecmp(text, "charset=utf-8") == 0 || strcasecmp(text, "charset=\"utf-8\"") == 0;
}

bool api_body_is_json(const char *content_type)
{
    static const char type[] = "application/json";
    size_t            size = sizeof type - 1;
    if (content_type == NULL || strncasecmp(content_type, type, size) != 0)
        return false;
    content_type += size;
    size_t space = strspn(content_type, " \t");
    return content_type[space] == '\0' || (content_type[space] == ';' && is_utf8_parameter(content_type));
}

__attribute__((format(printf, 2, 3)))
static json_t *refuse(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, API_BODY_WHY_SIZE, format, arguments);
    va_end(arguments);
    return NULL;
}

/* How deep brackets nest, whether or not they match: the parser calls itself for each. */
static size_t depth_of(struct bytes text)
{
    size_t depth = 0, deepest = 0;
    bool   in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

/* What stands around the fault may be a password: it is not repeated. */
static json_t *refuse_json(char *why, json_error_t *error)
{
    char *quote = strstr(error->text, " near ");
    if (quote != NULL && strcmp(quote, " near end of file") != 0)
        *quote = '\0';
    return refuse(why, "the body is no JSON: line %d: %.90s", error->line, error->text);
}

static json_t *check_members(json_t *body, const char *members, char *why)
{
    const char *name;
    json_t     *value;
    if (members != NULL && strcmp(members, "*") == 0)
        return body;
    json_object_foreach (body, name, value) {
        if (!api_word_is_in(members, name, strlen(name))) {
            refuse(why, "\"%.40s\" is no member of the body here%s%s", name,
                   members != NULL ? "; there are: " : "", members != NULL ? members : "");
            json_decref(body);
            return NULL;
        }
    }
    return body;
}

json_t *api_body_parse(struct bytes text, const char *members, char why[API_BODY_WHY_SIZE])
{
    json_error_t error;
    if (depth_of(text) > API_BODY_DEPTH_MAX)
        return refuse(why, "the body is nested too deep");
    json_t *body = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (body == NULL)
        return refuse_json(why, &error);
    if (json_is_object(body))
        return check_members(body, members, why);
    json_decref(body);
    return refuse(why, "the body is no JSON object");
}

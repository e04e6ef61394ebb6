/* config_value.c - values of each type: from JSON into struct config and back. */
#include "core/config_keys.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/config.h"
#include "core/config_callers.h"
#include "core/config_certificates.h"
#include "core/config_hooks.h"
#include "core/config_stream_keys.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct why {
    char  *text;
    size_t size;
    bool   secret; /* the value is not to be named */
};

__attribute__((format(printf, 2, 3)))
static int refuse(struct why why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why.text, why.size, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static int refuse_type(struct why why, const char *expected, const json_t *value)
{
    if (why.secret)
        return refuse(why, "expected %s", expected);
    switch (json_typeof(value)) {
    case JSON_STRING:
        return refuse(why, "expected %s, not \"%.60s\"", expected, json_string_value(value));
    case JSON_REAL:
        return refuse(why, "expected %s, not %g", expected, json_real_value(value));
    case JSON_INTEGER:
        return refuse(why, "expected %s, not %lld", expected, (long long)json_integer_value(value));
    case JSON_OBJECT:
        return refuse(why, "expected %s, not an object", expected);
    case JSON_ARRAY:
        return refuse(why, "expected %s, not a list", expected);
    case JSON_TRUE:
        return refuse(why, "expected %s, not true", expected);
    case JSON_FALSE:
        return refuse(why, "expected %s, not false", expected);
    case JSON_NULL:
        break;
    }
    return refuse(why, "expected %s, not null", expected);
}

static bool holds_text(const struct config_key *key)
{
    return key->type == CONFIG_STRING || key->type == CONFIG_ADDRESS || key->type == CONFIG_PATH;
}

static void *member_of(const struct config_key *key, void *base)
{
    return (char *)base + key->offset;
}

static int set_bool(void *member, const json_t *value, struct why why)
{
    if (!json_is_boolean(value))
        return refuse_type(why, "true or false", value);
    *(bool *)member = json_is_true(value);
    return 0;
}

static int check_number(const struct config_key *key, const json_t *value, struct why why)
{
    if (!json_is_integer(value))
        return refuse_type(why,
                           key->type == CONFIG_PORT  ? "a port number or null"
                           : key->flags & CONFIG_AUTO ? "a whole number or \"auto\""
                                                      : "a whole number",
                           value);
    long long number = json_integer_value(value);
    if (number < key->min || number > key->max)
        return refuse(why, "%lld is not between %lld and %lld", number, (long long)key->min,
                      (long long)key->max);
    return 0;
}

static int set_number(const struct config_key *key, void *member, const json_t *value, struct why why)
{
    if (key->type == CONFIG_PORT && json_is_null(value)) {
        *(int *)member = CONFIG_PORT_OFF;
        return 0;
    }
    if (key->flags & CONFIG_AUTO && json_is_string(value) && strcmp(json_string_value(value), "auto") == 0) {
        *(uint32_t *)member = CONFIG_AUTOMATIC;
        return 0;
    }
    int error = check_number(key, value, why);
    if (error < 0)
        return error;
    if (key->type == CONFIG_PORT)
        *(int *)member = (int)json_integer_value(value);
    else if (key->type == CONFIG_SIZE)
        *(uint64_t *)member = (uint64_t)json_integer_value(value);
    else
        *(uint32_t *)member = (uint32_t)json_integer_value(value);
    return 0;
}

/* The `index`th of the words in "one|two|three"; false if there are fewer. */
static bool choice_at(const char *choices, int index, const char **word, size_t *size)
{
    *word = choices;
    for (int i = 0; i < index; i++) {
        *word = strchr(*word, '|');
        if (*word == NULL)
            return false;
        (*word)++;
    }
    *size = strcspn(*word, "|");
    return true;
}

static int refuse_choice(const struct config_key *key, const json_t *value, struct why why)
{
    char        words[200] = "";
    const char *word;
    size_t      size, used = 0;
    for (int i = 0; choice_at(key->choices, i, &word, &size) && used < sizeof words; i++) {
        const char *before = i == 0 ? "" : word[size] == '\0' ? " or " : ", ";
        used += (size_t)snprintf(words + used, sizeof words - used, "%s\"%.*s\"", before, (int)size, word);
    }
    return refuse_type(why, words, value);
}

static int set_choice(const struct config_key *key, void *member, const json_t *value, struct why why)
{
    const char *given = json_is_string(value) ? json_string_value(value) : "";
    const char *word;
    size_t      size;
    for (int i = 0; choice_at(key->choices, i, &word, &size); i++)
        if (strlen(given) == size && strncmp(given, word, size) == 0) {
            memcpy(member, &i, sizeof i);
            return 0;
        }
    return refuse_choice(key, value, why);
}

/* A control character would end a header line or a log line early. */
static int check_text(const struct config_key *key, const json_t *value, struct why why)
{
    if (!json_is_string(value))
        return refuse_type(why, "a string", value);
    const char *text = json_string_value(value);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return refuse(why, "control characters are not allowed in it");
    if (key->type == CONFIG_LIST)
        return text[0] != '\0' ? 0 : refuse(why, "an item may not be empty");
    struct in6_addr address;
    if (key->type == CONFIG_ADDRESS && inet_pton(AF_INET, text, &address) != 1 &&
        inet_pton(AF_INET6, text, &address) != 1)
        return refuse(why, "\"%.60s\" is not an IPv4 or IPv6 address", text);
    size_t size = json_string_length(value);
    if (size < (size_t)key->min)
        return refuse(why, key->min == 1 ? "it may not be empty" : "it must have %lld bytes or more",
                      (long long)key->min);
    if (size > (size_t)key->max)
        return refuse(why, "it has %zu bytes, which is more than %lld", size, (long long)key->max);
    return 0;
}

static int set_text(const struct config_key *key, void *member, const json_t *value, struct why why)
{
    int error = check_text(key, value, why);
    if (error < 0)
        return error;
    alloc_wipe_string(*(char **)member);
    *(char **)member = alloc_string(json_string_value(value));
    return 0;
}

static void clear_list(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        alloc_wipe_string(list->items[i]);
    free(list->items);
    *list = (struct config_list){ 0 };
}

static void clear_networks(struct cidr_list *list)
{
    free(list->items);
    *list = (struct cidr_list){ 0 };
}

static int check_count(const struct config_key *key, const json_t *value, const char *expected,
                       struct why why)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value))
        return refuse_type(why, expected, value);
    if (count < (size_t)key->min || count > (size_t)key->max)
        return refuse(why, "it has %zu items, which is not between %lld and %lld", count,
                      (long long)key->min, (long long)key->max);
    return 0;
}

static int set_list(const struct config_key *key, struct config_list *list, const json_t *value,
                    struct why why)
{
    int    error = check_count(key, value, "a list of strings", why);
    size_t count = json_array_size(value);
    for (size_t i = 0; i < count && error == 0; i++)
        error = check_text(key, json_array_get(value, i), why);
    if (error < 0)
        return error;
    clear_list(list);
    list->items = alloc_zeroed((count + 1) * sizeof *list->items);
    for (; list->count < count; list->count++)
        list->items[list->count] = alloc_string(json_string_value(json_array_get(value, list->count)));
    return 0;
}

static int parse_network(const json_t *value, struct cidr *out, struct why why)
{
    const char *fault;
    if (!json_is_string(value))
        return refuse_type(why, "an address or a network", value);
    if (cidr_parse(json_string_value(value), out, &fault) != 0)
        return refuse(why, "\"%.60s\" %s", json_string_value(value), fault);
    return 0;
}

static int set_networks(const struct config_key *key, struct cidr_list *list, const json_t *value,
                        struct why why)
{
    int error = check_count(key, value, "a list of addresses and networks", why);
    if (error < 0)
        return error;
    size_t           count = json_array_size(value);
    struct cidr_list made = { .items = alloc_zeroed((count + 1) * sizeof *made.items) };
    for (; made.count < count && error == 0; made.count++)
        error = parse_network(json_array_get(value, made.count), &made.items[made.count], why);
    if (error < 0) {
        clear_networks(&made);
        return error;
    }
    clear_networks(list);
    *list = made;
    return 0;
}

static int set(const struct config_key *key, void *member, const json_t *value, struct why why)
{
    switch (key->type) {
    case CONFIG_BOOL:
        return set_bool(member, value, why);
    case CONFIG_INTEGER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
    case CONFIG_PORT:
        return set_number(key, member, value, why);
    case CONFIG_ENUM:
        return set_choice(key, member, value, why);
    case CONFIG_LIST:
        return set_list(key, member, value, why);
    case CONFIG_NETWORKS:
        return set_networks(key, member, value, why);
    case CONFIG_STREAM_KEYS:
        return config_stream_keys_set(member, value, (size_t)key->max, why.text, why.size);
    case CONFIG_CERTIFICATES:
        return config_certificates_set(member, value, (size_t)key->max, why.text, why.size);
    case CONFIG_URLS:
        return config_urls_set(member, value, (size_t)key->max, why.text, why.size);
    case CONFIG_HOOKS:
        return config_hooks_set(member, value, (size_t)key->max, why.text, why.size);
    case CONFIG_USERS:
    case CONFIG_TOKENS:
        return config_callers_set(member, key->type == CONFIG_TOKENS, value, (size_t)key->max, why.text,
                                  why.size);
    case CONFIG_STRING:
    case CONFIG_ADDRESS:
    case CONFIG_PATH:
        break;
    }
    return set_text(key, member, value, why);
}

int config_key_set(const struct config_key *key, void *base, const json_t *value, char *why, size_t why_size)
{
    return set(key, member_of(key, base), value, (struct why){ why, why_size, key->flags & CONFIG_SECRET });
}

static json_t *get_choice(const struct config_key *key, const void *member)
{
    int         index;
    const char *word;
    size_t      size;
    memcpy(&index, member, sizeof index);
    return choice_at(key->choices, index, &word, &size) ? json_stringn(word, size) : json_null();
}

static json_t *get_networks(const struct cidr_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        char text[CIDR_TEXT_SIZE];
        cidr_format(&list->items[i], text);
        json_array_append_new(array, json_string(text));
    }
    return array;
}

static json_t *get_list(const struct config_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->items[i]));
    return array;
}

static json_t *get_number(const struct config_key *key, uint32_t value)
{
    bool automatic = key->flags & CONFIG_AUTO && value == CONFIG_AUTOMATIC;
    return automatic ? json_string("auto") : json_integer(value);
}

json_t *config_key_get(const struct config_key *key, const void *base)
{
    const void *member = (const char *)base + key->offset;
    switch (key->type) {
    case CONFIG_BOOL:
        return json_boolean(*(const bool *)member);
    case CONFIG_INTEGER:
    case CONFIG_DURATION:
        return get_number(key, *(const uint32_t *)member);
    case CONFIG_SIZE:
        return json_integer((json_int_t)*(const uint64_t *)member);
    case CONFIG_PORT:
        return *(const int *)member < 0 ? json_null() : json_integer(*(const int *)member);
    case CONFIG_ENUM:
        return get_choice(key, member);
    case CONFIG_LIST:
    case CONFIG_URLS:
        return get_list(member);
    case CONFIG_HOOKS:
        return config_hooks_get(member);
    case CONFIG_NETWORKS:
        return get_networks(member);
    case CONFIG_STREAM_KEYS:
        return config_stream_keys_get(member);
    case CONFIG_CERTIFICATES:
        return config_certificates_get(member);
    case CONFIG_USERS:
    case CONFIG_TOKENS:
        return config_callers_get(member, key->type == CONFIG_TOKENS);
    case CONFIG_STRING:
    case CONFIG_ADDRESS:
    case CONFIG_PATH:
        break;
    }
    return json_string(*(char *const *)member);
}

void config_key_copy(const struct config_key *key, void *to, const void *from)
{
    char    why[200];
    json_t *value = config_key_get(key, from);
    if (config_key_set(key, to, value, why, sizeof why) < 0)
        abort(); /* it was set before */
    json_decref(value);
}

bool config_key_is_equal(const struct config_key *key, const void *a, const void *b)
{
    json_t *left = config_key_get(key, a), *right = config_key_get(key, b);
    bool    equal = json_equal(left, right);
    json_decref(left);
    json_decref(right);
    return equal;
}

void config_key_clear(const struct config_key *key, void *base)
{
    void *member = member_of(key, base);
    if (key->type == CONFIG_LIST || key->type == CONFIG_URLS)
        clear_list(member);
    else if (key->type == CONFIG_HOOKS)
        config_hooks_clear(member);
    else if (key->type == CONFIG_NETWORKS)
        clear_networks(member);
    else if (key->type == CONFIG_STREAM_KEYS)
        config_stream_keys_clear(member);
    else if (key->type == CONFIG_CERTIFICATES)
        config_certificates_clear(member);
    else if (key->type == CONFIG_USERS || key->type == CONFIG_TOKENS)
        config_callers_clear(member);
    else if (holds_text(key)) {
        alloc_wipe_string(*(char **)member);
        *(char **)member = NULL;
    }
}

json_t *config_key_parse(const struct config_key *key, const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (value != NULL && holds_text(key) && !json_is_string(value)) {
        json_decref(value); /* --set auth.secret=12345 */
        value = NULL;
    }
    if (value == NULL)
        value = json_string(text);
    bool many = key->type == CONFIG_LIST || key->type == CONFIG_NETWORKS;
    if (value != NULL && many && json_is_string(value)) {
        json_t *list = json_array();
        json_array_append_new(list, value);
        value = list;
    }
    return value;
}

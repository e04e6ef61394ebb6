#include "core/config_callers.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The members of an item. */
struct words {
    const char *name, *secret, *expected;
};

static const struct words user_words = { "username", "password", "expected username, password and role" };
static const struct words token_words = { "name", "token", "expected name, token and role" };

static const char *text_of(const json_t *item, const char *member)
{
    const char *text = json_string_value(json_object_get(item, member));
    return text != NULL ? text : "";
}

/* A colon ends the name in HTTP's Basic scheme. */
static bool is_name(const char *text)
{
    size_t size = strlen(text);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == ':')
            return false;
    return size > 0 && size <= CONFIG_CALLER_NAME_MAX;
}

/* What a header can carry and nobody can guess. */
static bool is_token(const char *text)
{
    uint8_t digest[PASSWORD_DIGEST_SIZE];
    size_t  size = strlen(text);
    if (strncmp(text, "sha256:", 7) == 0)
        return password_parse_digest(text, digest);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f)
            return false;
    return size >= CONFIG_TOKEN_MIN && size <= CONFIG_TOKEN_MAX;
}

/* What is wrong with an item, or NULL. */
static const char *find_fault(const json_t *item, bool tokens)
{
    const struct words *words = tokens ? &token_words : &user_words;
    const char         *role = text_of(item, "role");
    if (!json_is_object(item) || json_object_size(item) != 3 || json_object_get(item, words->name) == NULL ||
        json_object_get(item, words->secret) == NULL || json_object_get(item, "role") == NULL)
        return words->expected;
    if (!is_name(text_of(item, words->name)))
        return tokens ? "name: expected 1 to 64 bytes without a colon"
                      : "username: expected 1 to 64 bytes without a colon";
    if (!tokens && !password_is_hash(text_of(item, words->secret)))
        return "password: expected its hash, which \"millrace passwd\" prints";
    if (tokens && !is_token(text_of(item, words->secret)))
        return "token: expected \"sha256:\" and 64 hexadecimal digits, or 16 to 256 visible characters";
    if (strcmp(role, "admin") != 0 && strcmp(role, "viewer") != 0)
        return "role: expected \"admin\" or \"viewer\"";
    return NULL;
}

static bool is_named_before(const json_t *list, size_t at, const char *member)
{
    const char *name = text_of(json_array_get(list, at), member);
    for (size_t i = 0; i < at; i++)
        if (strcmp(text_of(json_array_get(list, i), member), name) == 0)
            return true;
    return false;
}

static int check(const json_t *value, bool tokens, size_t count_max, char *why, size_t why_size)
{
    const struct words *words = tokens ? &token_words : &user_words;
    size_t              count = json_array_size(value);
    if (!json_is_array(value) || count > count_max) {
        snprintf(why, why_size, "expected a list of up to %zu objects with %s, %s and role", count_max,
                 words->name, words->secret);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        const char *fault = find_fault(json_array_get(value, i), tokens);
        if (fault == NULL && is_named_before(value, i, words->name))
            fault = "another before it has the same name";
        if (fault != NULL) {
            snprintf(why, why_size, "item %zu: %s", i + 1, fault);
            return ERR_INVALID;
        }
    }
    return 0;
}

/* A token's digest, whichever way it was given; a password's hash as it is. */
static char *keep_secret(const char *text, bool tokens)
{
    uint8_t digest[PASSWORD_DIGEST_SIZE];
    char    kept[PASSWORD_DIGEST_TEXT_SIZE];
    if (!tokens)
        return alloc_string(text);
    if (!password_parse_digest(text, digest))
        password_digest(text, digest);
    password_format_digest(digest, kept);
    return alloc_string(kept);
}

int config_callers_set(struct config_callers *list, bool tokens, const json_t *value, size_t count_max,
                       char *why, size_t why_size)
{
    const struct words *words = tokens ? &token_words : &user_words;
    int                 error = check(value, tokens, count_max, why, why_size);
    if (error != 0)
        return error;
    size_t count = json_array_size(value);
    config_callers_clear(list);
    list->items = alloc_zeroed((count + 1) * sizeof *list->items);
    for (; list->count < count; list->count++) {
        const json_t         *item = json_array_get(value, list->count);
        struct config_caller *caller = &list->items[list->count];
        caller->name = alloc_string(text_of(item, words->name));
        caller->secret = keep_secret(text_of(item, words->secret), tokens);
        caller->is_admin = strcmp(text_of(item, "role"), "admin") == 0;
    }
    return 0;
}

json_t *config_callers_get(const struct config_callers *list, bool tokens)
{
    const struct words *words = tokens ? &token_words : &user_words;
    json_t             *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct config_caller *caller = &list->items[i];
        json_t                     *item = json_object();
        json_object_set_new(item, words->name, json_string(caller->name));
        json_object_set_new(item, words->secret, json_string(caller->secret));
        json_object_set_new(item, "role", json_string(caller->is_admin ? "admin" : "viewer"));
        json_array_append_new(array, item);
    }
    return array;
}

void config_callers_mask(json_t *value)
{
    static const char *const secrets[] = { "password", "token" };
    for (size_t i = 0; i < json_array_size(value); i++)
        for (size_t j = 0; j < sizeof secrets / sizeof *secrets; j++)
            if (json_object_get(json_array_get(value, i), secrets[j]) != NULL)
                json_object_set_new(json_array_get(value, i), secrets[j], json_string("********"));
}

void config_callers_clear(struct config_callers *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        alloc_wipe_string(list->items[i].secret);
    }
    free(list->items);
    *list = (struct config_callers){ 0 };
}

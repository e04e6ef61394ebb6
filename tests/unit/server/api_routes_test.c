/* api_routes_test.c - docs/openapi.json has what the tables of routes have, and nothing else. */
#include "check.h"

#include "server/api_peer.h"

#include <stdio.h>

static json_t *document;

static const struct { enum http_method method; const char *name; } methods[] = {
    { HTTP_METHOD_GET, "get" },       { HTTP_METHOD_POST, "post" },   { HTTP_METHOD_PUT, "put" },
    { HTTP_METHOD_DELETE, "delete" }, { HTTP_METHOD_PATCH, "patch" },
};

static const char *method_name(enum http_method method)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (methods[i].method == method)
            return methods[i].name;
    fail_msg("a route with an odd method");
    return NULL;
}

static const char *role_name(enum api_role role)
{
    return role == API_ADMIN ? "admin" : role == API_VIEWER ? "viewer" : "nobody";
}

/* What "$ref" points to. */
static json_t *resolve(json_t *value)
{
    const char *ref = json_string_value(json_object_get(value, "$ref"));
    if (ref == NULL)
        return value;
    char    path[200], *rest = path, *word;
    json_t *at = document;
    snprintf(path, sizeof path, "%s", ref + 2);
    while ((word = strsep(&rest, "/")) != NULL)
        at = json_object_get(at, word);
    if (at == NULL)
        fail_msg("%s points to nothing", ref);
    return at;
}

static const char *text_of(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

static size_t count_words(const char *words)
{
    size_t count = words != NULL && *words != '\0';
    for (; words != NULL && *words != '\0'; words++)
        count += *words == ' ';
    return count;
}

static void check_query(const struct api_route *route, json_t *operation)
{
    bool    any = route->query != NULL && strcmp(route->query, "*") == 0;
    size_t  count = 0, i;
    json_t *item;
    json_array_foreach (json_object_get(operation, "parameters"), i, item) {
        json_t     *parameter = resolve(item);
        const char *name = text_of(parameter, "name"), *in = text_of(parameter, "in");
        char        braces[64];
        snprintf(braces, sizeof braces, "{%s}", name);
        if (strcmp(in, "path") == 0 && strstr(route->path, braces) == NULL)
            fail_msg("%s has no %s", route->path, braces);
        if (strcmp(in, "query") != 0)
            continue;
        count++;
        if (!any && !api_word_is_in(route->query, name, strlen(name)))
            fail_msg("%s %s takes no %s", method_name(route->method), route->path, name);
    }
    if (!any && count != count_words(route->query))
        fail_msg("%s %s: the document lacks some of %s", method_name(route->method), route->path,
                 route->query);
}

static void check_body(const struct api_route *route, json_t *operation)
{
    json_t *request = json_object_get(operation, "requestBody");
    json_t *content = json_object_get(json_object_get(request, "content"), "application/json");
    json_t *schema = resolve(json_object_get(content, "schema"));
    json_t *properties = json_object_get(schema, "properties"), *value;
    size_t  count = 0;
    if (route->body != NULL && strcmp(route->body, "*") == 0)
        return;
    const char *name;
    json_object_foreach (properties, name, value) {
        count++;
        if (!api_word_is_in(route->body, name, strlen(name)))
            fail_msg("%s %s takes no member %s", method_name(route->method), route->path, name);
    }
    if (count != count_words(route->body))
        fail_msg("%s %s: the document lacks some of %s", method_name(route->method), route->path,
                 route->body);
    CHECK_EQ(json_is_true(json_object_get(request, "required")), route->needs_body);
}

static void check_route(const struct api_route *route)
{
    json_t *path = json_object_get(json_object_get(document, "paths"), route->path);
    json_t *operation = json_object_get(path, method_name(route->method));
    if (operation == NULL)
        fail_msg("docs/openapi.json has no %s %s", method_name(route->method), route->path);
    assert_string_equal(text_of(operation, "x-role"), role_name(route->role));
    check_query(route, operation);
    check_body(route, operation);
}

static void test_code_is_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_all_routes_count; i++)
        for (size_t j = 0; j < api_all_routes[i]->count; j++)
            check_route(&api_all_routes[i]->rows[j]);
}

static bool is_served(const char *path, const char *method)
{
    for (size_t i = 0; i < api_all_routes_count; i++)
        for (size_t j = 0; j < api_all_routes[i]->count; j++) {
            const struct api_route *route = &api_all_routes[i]->rows[j];
            if (strcmp(route->path, path) == 0 && strcmp(method_name(route->method), method) == 0)
                return true;
        }
    return false;
}

static void test_document_is_served(void **state)
{
    (void)state;
    const char *path, *method;
    json_t     *operations, *operation;
    json_object_foreach (json_object_get(document, "paths"), path, operations)
        json_object_foreach (operations, method, operation)
            if (!is_served(path, method))
                fail_msg("docs/openapi.json has %s %s, which nobody serves", method, path);
}

/* Every reference in the document has an end. */
static void walk(json_t *value)
{
    const char *key;
    json_t     *member;
    size_t      i;
    resolve(value);
    json_object_foreach (value, key, member)
        walk(member);
    json_array_foreach (value, i, member)
        walk(member);
}

static void test_references(void **state)
{
    (void)state;
    walk(document);
}

/* Two rows of one path and method: the second would never be reached. */
static void test_no_route_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_all_routes_count; i++)
        for (size_t j = 0; j < api_all_routes[i]->count; j++) {
            const struct api_route *route = &api_all_routes[i]->rows[j];
            size_t                  count = 0;
            for (size_t k = 0; k < api_all_routes_count; k++)
                for (size_t l = 0; l < api_all_routes[k]->count; l++) {
                    const struct api_route *other = &api_all_routes[k]->rows[l];
                    count += other->method == route->method && strcmp(other->path, route->path) == 0;
                }
            CHECK_EQ(count, 1);
            CHECK(route->method == HTTP_METHOD_GET || route->role != API_VIEWER ||
                  strcmp(route->path, "/api/logout") == 0); /* viewers look */
        }
}

static int load(void **state)
{
    (void)state;
    json_error_t error;
    document = json_load_file(SOURCE_DIR "/docs/openapi.json", JSON_REJECT_DUPLICATES, &error);
    if (document == NULL)
        print_error("docs/openapi.json:%d: %s\n", error.line, error.text);
    return document != NULL ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_is_documented),
        cmocka_unit_test(test_document_is_served),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_no_route_twice),
    };
    return cmocka_run_group_tests(tests, load, unload);
}

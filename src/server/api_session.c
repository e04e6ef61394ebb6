/* api_session.c - logging in and out, and who one is. */
#include "base/error.h"
#include "core/config.h"
#include "core/password.h"
#include "protocol/http_auth.h"
#include "protocol/iso_time.h"
#include "server/api_access.h"
#include "server/api_peer.h"

static const char *role_name(bool is_admin)
{
    return is_admin ? "admin" : "viewer";
}

static void show_session(struct api_call *call)
{
    const struct api_caller *caller = &call->caller;
    json_t                  *body = json_object();
    json_object_set_new(body, "role", json_string(role_name(caller->role == API_ADMIN)));
    json_object_set_new(body, "username",
                        caller->username[0] != '\0' ? json_string(caller->username) : json_null());
    json_object_set_new(body, "via", json_string(caller->via));
    api_answer(call, 200, body);
}

static void on_password(struct api_call *call, const struct config_caller *user)
{
    char      token[PASSWORD_TOKEN_SIZE];
    long long expires_ms;
    if (user == NULL) {
        api_access_refuse(call, "the username or the password is wrong");
        return;
    }
    if (api_access_log_in(call, user, token, &expires_ms) != 0) {
        api_fail(call, 503, "no token can be made");
        return;
    }
    json_t *body = json_object();
    json_object_set_new(body, "token", json_string(token));
    json_object_set_new(body, "role", json_string(role_name(user->is_admin)));
    json_object_set_new(body, "username", json_string(user->name));
    json_object_set_new(body, "expiresAt", api_time(expires_ms));
    api_answer(call, 200, body);
}

static void log_in(struct api_call *call)
{
    const char *username = json_string_value(json_object_get(call->body, "username"));
    const char *password = json_string_value(json_object_get(call->body, "password"));
    if (call->config->api.users.count == 0)
        api_fail(call, 403, "nobody can log in: there are no api.users");
    else if (username == NULL || password == NULL)
        api_fail(call, 400, "expected username and password, both text");
    else if (strlen(username) > HTTP_AUTH_USERNAME_MAX || strlen(password) > HTTP_AUTH_SECRET_MAX)
        api_fail(call, 400, "the username or the password is too long");
    else
        api_access_try(call, username, password, on_password);
}

static void log_out(struct api_call *call)
{
    if (api_access_log_out(call))
        api_answer(call, 204, NULL);
    else
        api_fail(call, 409, "nobody has logged in for this call");
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/api/session", API_VIEWER, .serve = show_session },
    { HTTP_METHOD_POST, "/api/login", API_NOBODY, .serve = log_in, .body = "username password",
      .needs_body = true },
    { HTTP_METHOD_POST, "/api/logout", API_VIEWER, .serve = log_out },
};

const struct api_routes api_session_routes = { rows, sizeof rows / sizeof *rows };

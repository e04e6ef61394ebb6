/* api_v1.c - the routes of Node Media Server's own API, for scripts written against it: the same
 * paths, and answers of the same form, { success, data, message }.  This file has the server, logging
 * in and sessions; api_v1_streams.c and api_v1_records.c the rest.
 *
 * Times are milliseconds since 1970, rates are bytes a second, an address has its port. */
#include "base/alloc.h"
#include "base/clock.h"
#include "core/config.h"
#include "core/password.h"
#include "protocol/http_auth.h"
#include "protocol/json_writer.h"
#include "server/api_access.h"
#include "server/api_peer.h"
#include "server/api_v1.h"
#include "server/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The original's answer has all sessions; ours no more than this. */
#define SESSIONS_MAX 1000

void api_v1_answer(struct api_call *call, json_t *data, const char *message)
{
    json_t *body = json_object();
    json_object_set_new(body, "success", json_true());
    json_object_set_new(body, "data", data);
    json_object_set_new(body, "message", json_string(message));
    api_answer(call, 200, body);
}

void api_v1_answer_text(struct api_call *call, struct text *data, const char *message)
{
    struct text        text = { 0 };
    struct json_writer w = { &text, false };
    json_begin(&w, NULL, '{');
    json_write_bool(&w, "success", true);
    json_write_raw(&w, "data", data->data, data->size);
    json_write_string(&w, "message", message);
    json_end(&w, '}');
    text_clear(data);
    api_answer_text(call, 200, "application/json", text.data, text.size, free);
}

void api_v1_write_address(struct json_writer *w, const char *key, const char *ip, uint16_t port)
{
    char text[ADDRESS_IP_SIZE + 8];
    bool v6 = strchr(ip, ':') != NULL;
    snprintf(text, sizeof text, v6 ? "[%s]:%u" : "%s:%u", ip, port);
    json_write_string(w, key, text);
}

/* The server. */

static void show_health(struct api_call *call)
{
    json_t *data = json_object();
    json_object_set_new(data, "status", json_string("ok"));
    json_object_set_new(data, "timestamp", api_time(clock_wall_ms()));
    json_object_set_new(data, "version", json_string(MILLRACE_VERSION));
    api_v1_answer(call, data, "Server is healthy");
}

static json_t *port_or_null(uint16_t port)
{
    return port != 0 ? json_integer(port) : json_null();
}

static double uptime_s(const struct api_call *call)
{
    return (double)(clock_wall_ms() - api_of(call)->started_ms) / 1000;
}

static void show_info(struct api_call *call)
{
    const struct config        *c = call->config;
    const struct context_ports *ports = &call->worker->context->ports;
    json_t *config = json_object(), *data = json_object();
    json_object_set_new(config, "bind", json_string(c->bind));
    json_object_set_new(config, "rtmp_port", port_or_null(ports->rtmp));
    json_object_set_new(config, "rtmps_port", port_or_null(ports->rtmps));
    json_object_set_new(config, "http_port", port_or_null(ports->http));
    json_object_set_new(config, "https_port", port_or_null(ports->https));
    json_object_set_new(config, "static_enabled", json_boolean(c->static_files.root[0] != '\0'));
    json_object_set_new(config, "record_enabled", json_boolean(c->record.path[0] != '\0'));
    json_object_set_new(config, "auth_enabled", json_boolean(c->auth.play || c->auth.publish));
    json_object_set_new(
        data, "server",
        json_pack("{s:s, s:s, s:s}", "name", "millrace", "version", MILLRACE_VERSION, "license", "MIT"));
    json_object_set_new(data, "config", config);
    json_object_set_new(data, "uptime", json_real(uptime_s(call)));
    json_object_set_new(data, "node_version", json_string("millrace " MILLRACE_VERSION));
    api_v1_answer(call, data, "Server information retrieved successfully");
}

/* As Node says it. */
static const char *name_of_machine(const char *machine)
{
    return strcmp(machine, "x86_64") == 0 ? "x64" : strcmp(machine, "aarch64") == 0 ? "arm64" : machine;
}

static json_t *describe_sessions(const struct server_sample *s)
{
    uint64_t total = 0, roles[SESSION_ROLES] = { 0 };
    for (unsigned i = 0; i < s->worker_count; i++) {
        for (int k = 0; k < SESSION_PROTOCOLS; k++)
            total += s->workers[i].protocols[k];
        for (int k = 0; k < SESSION_ROLES; k++)
            roles[k] += s->workers[i].roles[k];
    }
    return json_pack("{s:I, s:I, s:I}", "total", (json_int_t)total, "publishers",
                     (json_int_t)roles[SESSION_PUBLISHER], "players", (json_int_t)roles[SESSION_VIEWER]);
}

static void show_stats(struct api_call *call)
{
    struct snapshot            *snapshot = sampler_get(statistics_sampler(call->worker->context));
    const struct server_sample *s = &snapshot->server;
    struct utsname              system = { 0 };
    json_t                     *data = json_object();
    uname(&system);
    json_object_set_new(data, "server",
                        json_pack("{s:f, s:s, s:s, s:s, s:i}", "uptime", uptime_s(call), "nodeVersion",
                                  "millrace " MILLRACE_VERSION, "platform", "linux", "arch",
                                  name_of_machine(system.machine), "pid", (int)getpid()));
    json_object_set_new(data, "cpu", json_pack("{s:I, s:I}", "user", (json_int_t)s->cost.user_us, "system",
                                               (json_int_t)s->cost.system_us));
    json_object_set_new(data, "memory", json_pack("{s:I}", "rss", (json_int_t)s->cost.resident_size));
    json_object_set_new(data, "sessions", describe_sessions(s));
    json_object_set_new(data, "network",
                        json_pack("{s:I, s:I, s:I, s:I}", "inBytes", (json_int_t)s->counts[STREAM_IN_BYTES],
                                  "outBytes", (json_int_t)s->counts[STREAM_OUT_BYTES], "inBps",
                                  (json_int_t)s->in_bitrate / 8, "outBps", (json_int_t)s->out_bitrate / 8));
    json_object_set_new(data, "timestamp", api_time(snapshot->wall_ms));
    snapshot_unref(snapshot);
    api_v1_answer(call, data, "Server statistics retrieved successfully");
}

/* Sessions. */

struct listing {
    struct text rows;
    uint64_t    total;
};

static void free_listing(void *data)
{
    struct listing *l = data;
    text_clear(&l->rows);
    free(l);
}

static void write_session(struct json_writer *w, const struct session *s)
{
    struct meter meter;
    session_meter_read(s, &meter);
    json_begin(w, NULL, '{');
    json_write_string(w, "id", s->id);
    api_v1_write_address(w, "ip", s->ip, s->port);
    json_write_bool(w, "isPublisher", s->role == SESSION_PUBLISHER);
    json_write_string(w, "protocol", session_protocol_name(s));
    json_write_string(w, "app", s->stream != NULL ? s->stream->app : "");
    json_write_string(w, "name", s->stream != NULL ? s->stream->name : "");
    json_write_number(w, "inBytes", meter.in_bytes);
    json_write_number(w, "outBytes", meter.out_bytes);
    json_write_number(w, "createTime", (uint64_t)s->created_ms);
    json_end(w, '}');
}

static void collect(struct api_call *call, struct worker *w)
{
    struct listing    *l = call->data;
    struct json_writer writer = { &l->rows, l->rows.size > 0 };
    LIST_EACH (node, &w->sessions)
        if (l->total++ < SESSIONS_MAX)
            write_session(&writer, LIST_ITEM(node, struct session, link));
}

static void answer_sessions(struct api_call *call)
{
    struct listing    *l = call->data;
    struct text        data = { 0 };
    struct json_writer w = { &data, false };
    json_begin(&w, NULL, '{');
    json_begin(&w, "sessions", '[');
    text_add(&data, l->rows.data, l->rows.size);
    json_end(&w, ']');
    json_write_number(&w, "total", l->total);
    json_end(&w, '}');
    api_v1_answer_text(call, &data, "Sessions retrieved successfully");
}

static void list_sessions(struct api_call *call)
{
    call->data = alloc_zeroed(sizeof(struct listing));
    call->free_data = free_listing;
    api_each_worker(call, collect, answer_sessions);
}

static void end_here(struct api_call *call, struct worker *w)
{
    bool           *ended = call->data;
    struct session *s = api_find_session(w, api_param(call, "id"));
    if (s == NULL || *ended)
        return;
    *ended = true;
    session_kick(s, "ended by an operator");
}

static void answer_ended(struct api_call *call)
{
    const bool *ended = call->data;
    const char *id = api_param(call, "id");
    if (*ended)
        api_v1_answer(call, json_pack("{s:s}", "id", id), "Session deleted successfully");
    else
        api_fail(call, 404, "Session not found");
}

static void end_session(struct api_call *call)
{
    if (strcmp(call->session->base.id, api_param(call, "id")) == 0) {
        api_fail(call, 409, "that is the session of this request");
        return;
    }
    call->data = alloc_zeroed(sizeof(bool));
    call->free_data = free;
    api_each_worker(call, end_here, answer_ended);
}

/* Logging in. */

static void on_password(struct api_call *call, const struct config_caller *user)
{
    char      token[PASSWORD_TOKEN_SIZE];
    long long expires_ms;
    if (user == NULL) {
        api_access_refuse(call, "Invalid username or password");
        return;
    }
    if (api_access_log_in(call, user, token, &expires_ms) != 0) {
        api_fail(call, 503, "no token can be made");
        return;
    }
    json_t *data = json_object();
    json_object_set_new(data, "token", json_string(token));
    json_object_set_new(data, "user", json_pack("{s:s}", "username", user->name));
    json_object_set_new(data, "expiresIn", json_string("24h"));
    api_v1_answer(call, data, "Login successful");
}

static void log_in(struct api_call *call)
{
    const char *username = json_string_value(json_object_get(call->body, "username"));
    const char *password = json_string_value(json_object_get(call->body, "password"));
    if (username == NULL || password == NULL || strlen(username) > HTTP_AUTH_USERNAME_MAX ||
        strlen(password) > HTTP_AUTH_SECRET_MAX)
        api_fail(call, 400, "Username and password are required");
    else
        api_access_try(call, username, password, on_password);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_POST,   "/api/v1/login",         API_NOBODY, .serve = log_in,
      .body = "username password", .needs_body = true },
    { HTTP_METHOD_GET,    "/api/v1/health",        API_NOBODY, .serve = show_health, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/info",          API_VIEWER, .serve = show_info, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/stats",         API_VIEWER, .serve = show_stats, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/sessions",      API_VIEWER, .serve = list_sessions, .query = "*" },
    { HTTP_METHOD_DELETE, "/api/v1/sessions/{id}", API_ADMIN,  .serve = end_session, .query = "*" },
};

const struct api_routes api_v1_routes = { rows, sizeof rows / sizeof *rows };

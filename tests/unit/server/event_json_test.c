/* Events as JSON: Node Media Server's members and ours, and nothing in them that lets anybody in. */
#include "check.h"

#include "../core/asking.h"
#include "media/avcodec.h"
#include "server/event_json.h"

static void check_query(const char *query, const char *expected)
{
    uint8_t *copy = copy_exact(query, strlen(query));
    json_t  *json = event_json_query((struct bytes){ copy, strlen(query) });
    char    *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
    free(copy);
}

static void test_queries(void **state)
{
    (void)state;
    check_query("", "{}");
    check_query("&&", "{}");
    check_query("a=b", "{\"a\":\"b\"}");
    check_query("a", "{\"a\":\"\"}");
    check_query("a=b=c&d=%26%3d+%2B", "{\"a\":\"b=c\",\"d\":\"&= +\"}");
    check_query("x=1&x=2&y=3&x=4", "{\"x\":[\"1\",\"2\",\"4\"],\"y\":\"3\"}");
    check_query("sign=1798761600-abc&x=1", "{\"sign\":\"********\",\"x\":\"1\"}");
    check_query("SIGN=a&Secret=b&%73ign=c", "{\"SIGN\":\"********\",\"Secret\":\"********\",\"sign\":\"********\"}");
    check_query("sign=a&sign=b", "{\"sign\":[\"********\",\"********\"]}");
    check_query("a=%22%0a%1f", "{\"a\":\"\\\"\\n\\u001F\"}");
    check_query("a=%ff&b=%00&c=%&d=1", "{\"d\":\"1\"}"); /* no UTF-8, a NUL, a broken escape */
    check_query("%ff=1&d=1", "{\"d\":\"1\"}");
    check_query("a=\xc3\xa9", "{\"a\":\"\xc3\xa9\"}");
    char many[1000] = "";
    for (int i = 0; i < 2 * EVENT_JSON_QUERY_MAX; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "&%d=", i);
    json_t *json = event_json_query(bytes_of(many));
    CHECK_EQ(json_object_size(json), EVENT_JSON_QUERY_MAX);
    json_decref(json);
}

static struct asking *begin(struct asker **asker)
{
    struct asking *a = asking_new();
    a->decides = false;
    *asker = asking_ask(a, "/live/stream", "token=t&sign=v2.0.play..xyz");
    memcpy((*asker)->base.id, "0123456789abcdef", SESSION_ID_SIZE);
    (*asker)->base.protocol = SESSION_FLV;
    (*asker)->base.created_ms = 1767225600000;
    session_set_agent(&(*asker)->base, bytes_of("a \"player\""));
    return a;
}

/* The session's own id is known to the context under the one it was given. */
static void finish(struct asking *a, struct asker *s)
{
    size_t      at = 0;
    const char *id;
    void       *session;
    assert_true(map_next(a->context->sessions, &at, &id, &session));
    snprintf(s->base.id, sizeof s->base.id, "%s", id);
    session_close(&s->base, "over");
    asking_free(a);
}

static void check_body(const struct event *e, const char *expected)
{
    json_t *got = event_json(e, "run-17"), *want = json_loads(expected, 0, NULL);
    assert_non_null(want);
    assert_non_null(json_object_get(got, "time"));
    json_object_del(got, "time"); /* the local offset */
    char *text = json_dumps(got, JSON_COMPACT);
    if (!json_equal(got, want))
        fail_msg("%s\nis not\n%s", text, expected);
    assert_null(strstr(text, "xyz"));
    free(text);
    json_decref(got);
    json_decref(want);
}

static void test_sessions(void **state)
{
    (void)state;
    struct asker *s;
    struct asking *a = begin(&s);
    struct event  e = { .type = EVENT_POST_PLAY, .session = &s->base, .path = "/live/stream", .time_ms = 1767225601500 };
    check_body(&e, "{\"id\":\"0123456789abcdef\",\"ip\":\"127.0.0.1\",\"app\":\"live\",\"name\":\"stream\","
                   "\"query\":{\"token\":\"t\",\"sign\":\"********\"},\"protocol\":\"flv\",\"createtime\":1767225600000,"
                   "\"endtime\":0,\"inbytes\":0,\"outbytes\":0,\"filePath\":\"\",\"action\":\"postPlay\","
                   "\"eventId\":\"run-17\",\"streamPath\":\"/live/stream\",\"userAgent\":\"a \\\"player\\\"\","
                   "\"reason\":null,\"duration\":null,\"size\":null,\"detail\":{}}");
    e.type = EVENT_DONE_PLAY;
    e.reason = "closed by peer";
    check_body(&e, "{\"id\":\"0123456789abcdef\",\"ip\":\"127.0.0.1\",\"app\":\"live\",\"name\":\"stream\","
                   "\"query\":{\"token\":\"t\",\"sign\":\"********\"},\"protocol\":\"flv\",\"createtime\":1767225600000,"
                   "\"endtime\":1767225601500,\"inbytes\":0,\"outbytes\":0,\"filePath\":\"\",\"action\":\"donePlay\","
                   "\"eventId\":\"run-17\",\"streamPath\":\"/live/stream\",\"userAgent\":\"a \\\"player\\\"\","
                   "\"reason\":\"closed by peer\",\"duration\":1500,\"size\":null,\"detail\":{}}");
    json_t *original = event_json_original(&e);
    char   *text = json_dumps(original, JSON_COMPACT);
    assert_string_equal(text, "{\"id\":\"0123456789abcdef\",\"ip\":\"127.0.0.1\",\"app\":\"live\",\"name\":\"stream\","
                              "\"streamPath\":\"/live/stream\",\"protocol\":\"flv\",\"isPublisher\":false,"
                              "\"createTime\":1767225600000,\"endTime\":1767225601500,\"inBytes\":0,\"outBytes\":0}");
    free(text);
    json_decref(original);
    finish(a, s);
}

static json_t *detail_of(const struct event *e)
{
    json_t *json = event_json(e, ""), *detail = json_incref(json_object_get(json, "detail"));
    json_decref(json);
    return detail;
}

static void check_detail(const struct event *e, const char *expected)
{
    json_t *got = detail_of(e), *want = json_loads(expected, 0, NULL);
    char   *text = json_dumps(got, JSON_COMPACT);
    if (!json_equal(got, want))
        fail_msg("%s is not %s", text, expected);
    free(text);
    json_decref(got);
    json_decref(want);
}

static void test_details(void **state)
{
    (void)state;
    struct asker *s;
    struct asking *a = begin(&s);
    struct event  e = { .type = EVENT_SKIP, .session = &s->base, .path = "/live/stream", .count = 3, .packets = 99 };
    check_detail(&e, "{\"count\":3,\"packets\":99}");
    e.type = EVENT_STALL;
    s->base.role = SESSION_VIEWER;
    check_detail(&e, "{\"role\":\"viewer\"}");
    s->base.role = SESSION_PUBLISHER;
    check_detail(&e, "{\"role\":\"publisher\"}");
    e.type = EVENT_STANDBY;
    s->base.backup = true;
    check_detail(&e, "{\"backup\":true}");
    e.type = EVENT_TAKEOVER;
    s->base.backup = false;
    check_detail(&e, "{\"backup\":false}");
    struct event limit = { .type = EVENT_LIMIT, .path = "", .limit = "limits.streams", .count = 7, .reason = "too many" };
    check_detail(&limit, "{\"limit\":\"limits.streams\",\"count\":7}");
    json_t *json = event_json(&limit, "");
    assert_string_equal(json_string_value(json_object_get(json, "id")), "");
    assert_string_equal(json_string_value(json_object_get(json, "reason")), "too many");
    json_decref(json);
    finish(a, s);
}

static void test_recordings(void **state)
{
    (void)state;
    struct asker *s;
    struct asking *a = begin(&s);
    struct event_record r = { .file = "/records/live/stream/x.flv", .number = 2, .start_ms = 1767225600000, .duration_ms = 5000,
                              .size = 12345, .video_codec = AVCODEC_H264, .audio_codec = AVCODEC_NONE, .kept = true };
    struct event e = { .type = EVENT_POST_RECORD, .session = &s->base, .path = "/live/stream", .record = &r };
    json_t *post = event_json(&e, "");
    assert_string_equal(json_string_value(json_object_get(post, "filePath")), r.file);
    CHECK(json_is_null(json_object_get(post, "size")) && json_is_null(json_object_get(post, "duration")));
    CHECK_EQ(json_object_size(json_object_get(post, "detail")), 2);
    json_decref(post);
    e.type = EVENT_DONE_RECORD;
    e.reason = "unpublished";
    json_t *done = event_json(&e, ""), *detail = json_object_get(done, "detail");
    CHECK_EQ(json_integer_value(json_object_get(done, "size")), 12345);
    CHECK_EQ(json_integer_value(json_object_get(done, "duration")), 5000);
    assert_string_equal(json_string_value(json_object_get(detail, "videoCodec")), "H264");
    assert_string_equal(json_string_value(json_object_get(detail, "audioCodec")), "");
    CHECK(json_is_true(json_object_get(detail, "kept")));
    json_decref(done);
    finish(a, s);
}

static void test_texts(void **state)
{
    (void)state;
    struct event       e = { .type = EVENT_LIMIT, .path = "", .limit = "x", .number = 42 };
    struct event_text *text = event_text_new(&e, "0011223344556677");
    assert_string_equal(text->id, "0011223344556677-42");
    CHECK_EQ(text->size, strlen(text->body));
    CHECK_EQ(text->type, EVENT_LIMIT);
    assert_non_null(strstr(text->body, "\"eventId\":\"0011223344556677-42\""));
    assert_null(strpbrk(text->body, "\r\n")); /* one line: Server-Sent Events count on it */
    event_text_unref(event_text_ref(text));
    event_text_unref(text);
    event_text_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries), cmocka_unit_test(test_sessions),   cmocka_unit_test(test_details),
        cmocka_unit_test(test_recordings), cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

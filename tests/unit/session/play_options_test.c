#include "check.h"

#include "base/error.h"
#include "session/play_options.h"

enum { ALL = TRACK_CHOICE_ALL, NONE = TRACK_CHOICE_NONE, ONE = TRACK_CHOICE_ONE };

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char         *query;
        struct track_choice tracks;
        bool                starts_live;
    } cases[] = {
        { "",                          { ALL, ALL, MULTITRACK_ENHANCED }, false },
        { "sign=1-abc&x&videos=1",     { ALL, ALL, MULTITRACK_ENHANCED }, false },
        { "video=0",                   { ONE, ALL, MULTITRACK_ENHANCED }, false },
        { "audio=255&video=1",         { ONE + 1, ONE + 255, MULTITRACK_ENHANCED }, false },
        { "video=%31",                 { ONE + 1, ALL, MULTITRACK_ENHANCED }, false },
        { "video=none",                { NONE, ALL, MULTITRACK_ENHANCED }, false },
        { "audio=none&start=live",     { ALL, NONE, MULTITRACK_ENHANCED }, true },
        { "start=gop&plain=0",         { ALL, ALL, MULTITRACK_ENHANCED }, false },
        { "plain=1",                   { ONE, ONE, MULTITRACK_FLV }, false },
        { "plain=cdn&audio=none",      { ONE, NONE, MULTITRACK_FLV_CDN }, false },
        { "plain=1&video=2&start=live", { ONE + 2, ONE, MULTITRACK_FLV }, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct play_options out;
        const char         *why = NULL;
        CHECK_EQ(play_options_read(bytes_of(cases[i].query), &out, &why), 0);
        CHECK_EQ(out.tracks.video, cases[i].tracks.video);
        CHECK_EQ(out.tracks.audio, cases[i].tracks.audio);
        CHECK_EQ(out.tracks.form, cases[i].tracks.form);
        CHECK_EQ(out.starts_live, cases[i].starts_live);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "video", "video=", "video=256", "video=-1", "video=+1", "video=1a", "video=0001", "video=all",
        "video=None", "audio=99999999999999999999", "audio=1%00", "audio=%zz", "plain", "plain=2",
        "plain=yes", "start=", "start=0", "start=LIVE", "video=1&video=1", "start=live&x&st%61rt=gop",
        "video=none&audio=none", "video=none&audio=none&plain=1",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct play_options out = { .starts_live = true };
        const char         *why = NULL;
        CHECK_EQ(play_options_read(bytes_of(cases[i]), &out, &why), ERR_INVALID);
        CHECK(why != NULL);
        CHECK(out.starts_live); /* as it was */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "check.h"

#include "base/map.h"

#include <stdio.h>

static void test_put_get_remove(void **state)
{
    (void)state;
    struct map *m = map_new();
    int         one = 1, two = 2;
    assert_null(map_get(m, "a"));
    assert_null(map_put(m, "a", &one));
    assert_ptr_equal(map_get(m, "a"), &one);
    assert_ptr_equal(map_put(m, "a", &two), &one);
    CHECK_EQ(map_count(m), 1);
    assert_ptr_equal(map_remove(m, "a"), &two);
    assert_null(map_remove(m, "a"));
    CHECK_EQ(map_count(m), 0);
    map_free(m);
}

/* Growth, shrinking, and removal out of the middle of probe runs, against a plain array. */
static void test_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 2000 };
    static int values[KEYS];
    struct map *m = map_new();
    char        key[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "key %d", i);
            assert_null(map_put(m, key, &values[i]));
        }
        for (int i = 0; i < KEYS; i += 2) {
            snprintf(key, sizeof key, "key %d", i);
            assert_ptr_equal(map_remove(m, key), &values[i]);
        }
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "key %d", i);
            assert_ptr_equal(map_get(m, key), i % 2 ? &values[i] : NULL);
        }
        size_t      at = 0, seen = 0;
        const char *k;
        void       *v;
        while (map_next(m, &at, &k, &v))
            seen++;
        CHECK_EQ(seen, KEYS / 2);
        for (int i = 1; i < KEYS; i += 2) {
            snprintf(key, sizeof key, "key %d", i);
            assert_ptr_equal(map_remove(m, key), &values[i]);
        }
        CHECK_EQ(map_count(m), 0);
    }
    map_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_remove),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

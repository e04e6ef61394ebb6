#include "check.h"

#include "core/process.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

static void test_limit_files(void **state)
{
    (void)state;
    CHECK_EQ(process_parse_limit(""), 0);
    CHECK_EQ(process_parse_limit("max\n"), 0);
    CHECK_EQ(process_parse_limit("536870912\n"), 536870912);
    CHECK_EQ(process_parse_limit("9223372036854771712\n"), 0); /* none, in the first version's words */
    CHECK_EQ(process_parse_limit("99999999999999999999999\n"), 0);
}

static void test_what_it_costs(void **state)
{
    (void)state;
    struct process_cost before, after;
    process_read(&before);
    CHECK(before.cores >= 1 && before.resident_size > 100 * 1024);
    CHECK(before.descriptors >= 3 && before.descriptors < 1000);
    int fds[10];
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = open("/dev/null", O_RDONLY);
    size_t   size = 32 * 1024 * 1024;
    uint8_t *memory = malloc(size);
    memset(memory, 1, size);
    clock_t until = clock() + CLOCKS_PER_SEC / 50;
    while (clock() < until) {
    }
    process_read(&after);
    CHECK_EQ(after.descriptors, before.descriptors + COUNT(fds));
    CHECK(after.resident_size >= before.resident_size + size * 9 / 10);
    CHECK(after.user_us + after.system_us >= before.user_us + before.system_us + 15000);
    free(memory);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_limit_files),
                                        cmocka_unit_test(test_what_it_costs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/beneath.h"

#include "base/error.h"

#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/millrace-beneath-XXXXXX";
static int  root = -1;

static const char *at(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static void make_file(const char *name)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    CHECK(fputs(name, f) >= 0);
    CHECK_EQ(fclose(f), 0);
}

static void make_link(const char *to, const char *name)
{
    CHECK_EQ(symlink(to, at(name)), 0);
}

/* top/secret beside top/root, below which everything is to be found. */
static int set_up(void **state)
{
    (void)state;
    char absolute[256];
    assert_non_null(mkdtemp(top));
    CHECK_EQ(mkdir(at("root"), 0755), 0);
    CHECK_EQ(mkdir(at("root/a"), 0755), 0);
    CHECK_EQ(mkdir(at("root/a/b"), 0755), 0);
    make_file("secret");
    make_file("root/file");
    make_file("root/a/b/file");
    make_link("file", "root/link");
    make_link("a/b", "root/to-b");
    make_link("../../file", "root/a/b/up");
    make_link("../secret", "root/out");
    make_link("..", "root/parent");
    make_link("loop", "root/loop");
    snprintf(absolute, sizeof absolute, "%s/root/file", top);
    make_link(absolute, "root/absolute");
    make_link("/proc/self/fd/0", "root/magic");
    CHECK_EQ(mkfifo(at("root/fifo"), 0644), 0);
    root = beneath_open_root(at("root"));
    CHECK(root >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[300];
    close(root);
    snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

/* The text of the file that was opened. */
static void check_text(int fd, const char *want)
{
    char    text[64] = "";
    ssize_t size = read(fd, text, sizeof text - 1);
    CHECK_EQ(size, strlen(want));
    assert_string_equal(text, want);
    close(fd);
}

static void check_found(int (*open_one)(int, const char *))
{
    check_text(open_one(root, "file"), "root/file");
    check_text(open_one(root, "/file"), "root/file");
    check_text(open_one(root, "a/b/file"), "root/a/b/file");
    check_text(open_one(root, "a/" "/b/file"), "root/a/b/file");
    static const char *const folders[] = { "", "/", "a", "a/", "a/b", "." };
    for (size_t i = 0; i < COUNT(folders); i++) {
        struct stat about;
        int         fd = open_one(root, folders[i]);
        CHECK(fd >= 0);
        CHECK_EQ(fstat(fd, &about), 0);
        CHECK(S_ISDIR(about.st_mode));
        close(fd);
    }
}

static void check_refused(int (*open_one)(int, const char *))
{
    static const char *const paths[] = {
        "nothing", "a/nothing", "file/", "file/x", "out", "parent", "parent/secret", "../secret",
        "a/../../secret", "..", "a/../..", "/../secret", "absolute", "loop", "magic", "to-b/../../../secret",
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        int fd = open_one(root, paths[i]);
        if (fd != ERR_NOT_FOUND)
            fail_msg("%s: %d", paths[i], fd);
    }
    char segment[400];
    memset(segment, 'x', sizeof segment);
    segment[sizeof segment - 1] = '\0';
    CHECK_EQ(open_one(root, segment), ERR_NOT_FOUND);
}

static void test_open(void **state)
{
    (void)state;
    check_found(beneath_open);
    check_refused(beneath_open);
}

static void test_walk(void **state)
{
    (void)state;
    check_found(beneath_walk);
    check_refused(beneath_walk);
}

/* What a walk cannot tell from a way out it does not follow. */
static void test_links_within(void **state)
{
    (void)state;
    static const char *const links[] = { "link", "to-b/file", "a/b/up" };
    static const char *const texts[] = { "root/file", "root/a/b/file", "root/file" };
    for (size_t i = 0; i < COUNT(links); i++) {
        CHECK_EQ(beneath_walk(root, links[i]), ERR_NOT_FOUND);
        int fd = beneath_open(root, links[i]);
        if (fd != ERR_NOT_FOUND) /* a kernel without openat2() */
            check_text(fd, texts[i]);
    }
}

static void test_fifo_does_not_wait(void **state)
{
    (void)state;
    int fd = beneath_open(root, "fifo");
    CHECK(fd >= 0);
    close(fd);
}

static void test_permission(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); /* root may read everything */
    CHECK_EQ(chmod(at("root/a/b/file"), 0), 0);
    CHECK_EQ(beneath_open(root, "a/b/file"), ERR_REFUSED);
    CHECK_EQ(beneath_walk(root, "a/b/file"), ERR_REFUSED);
    CHECK_EQ(chmod(at("root/a/b/file"), 0644), 0);
}

static void test_root(void **state)
{
    (void)state;
    CHECK_EQ(beneath_open_root(at("nothing")), ERR_NOT_FOUND);
    CHECK_EQ(beneath_open_root(at("secret")), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),         cmocka_unit_test(test_walk),
        cmocka_unit_test(test_links_within), cmocka_unit_test(test_fifo_does_not_wait),
        cmocka_unit_test(test_permission),   cmocka_unit_test(test_root),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "server/file_lookup.h"

#include "base/error.h"

#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/millrace-lookup-XXXXXX";

/* A file that says its own name, `age_s` seconds old. */
static void make_file(const char *name, int age_s)
{
    char            path[256];
    struct timespec times[2] = { { .tv_sec = 1700000000 - age_s }, { .tv_sec = 1700000000 - age_s } };
    snprintf(path, sizeof path, "%s/%s", top, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    CHECK(fputs(name, f) >= 0);
    CHECK_EQ(fclose(f), 0);
    CHECK_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void make_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", top, name);
    CHECK_EQ(mkdir(path, 0755), 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(top));
    make_folder("sub");
    make_folder("empty");
    make_folder("folder.html");
    make_file("index.html", 0);
    make_file("index.html.gz", 0);
    make_file("sub/index.html", 0);
    make_file("plain.js", 0);
    make_file("both.js", 10);
    make_file("both.js.gz", 10); /* as gzip -k makes it: of the same time */
    make_file("both.js.br", 0);
    make_file("old.css", 0);
    make_file("old.css.br", 10);
    make_file("film.mp4", 0);
    make_file("film.mp4.gz", 0);
    make_file(".hidden", 0);
    char path[256];
    snprintf(path, sizeof path, "%s/fifo.txt", top);
    return mkfifo(path, 0644);
}

static int tear_down(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

/* Look `path` up and check which file is found; NULL: none. */
static struct file_lookup check(const char *path, bool codings, const char *want)
{
    size_t             size = strlen(path);
    char              *copy = (char *)copy_exact(path, size + 1);
    struct file_lookup l = {
        .root = top,
        .path = copy,
        .is_folder = size == 0 || path[size - 1] == '/',
        .takes_br = codings,
        .takes_gzip = codings,
    };
    char text[64] = "";
    file_lookup_run(&l);
    free(copy);
    CHECK_EQ(l.error, want != NULL ? 0 : ERR_NOT_FOUND);
    if (want != NULL && !l.is_elsewhere) {
        CHECK_EQ(read(l.fd, text, sizeof text - 1), strlen(want));
        assert_string_equal(text, want);
        CHECK_EQ(l.size, strlen(want));
        close(l.fd);
    } else {
        CHECK_EQ(l.fd, -1);
    }
    return l;
}

static void test_files(void **state)
{
    (void)state;
    struct file_lookup l = check("plain.js", true, "plain.js");
    assert_null(l.coding);
    CHECK(l.mime.is_text);
    CHECK_EQ(l.modified_ns / 1000000000, 1700000000);
    CHECK(l.etag[0] == '"' && l.etag[strlen(l.etag) - 1] == '"');
    check("sub/index.html", false, "sub/index.html");
    static const char *const missing[] = {
        "nothing", "plain.js/", "plain.js/x", ".hidden", "sub/.hidden", "a/" "/b",
        "/" "/plain.js", "/plain.js", "../lookup", "fifo.txt", "sub/../plain.js",
    };
    for (size_t i = 0; i < COUNT(missing); i++)
        check(missing[i], true, NULL);
}

static void test_folders(void **state)
{
    (void)state;
    check("", false, "index.html");
    CHECK(!check("sub/", false, "sub/index.html").is_elsewhere);
    CHECK(check("sub", false, "sub/index.html").is_elsewhere);
    check("empty", false, NULL);
    check("empty/", false, NULL);
    check("folder.html", false, NULL);
}

static void test_codings(void **state)
{
    (void)state;
    struct file_lookup l = check("both.js", true, "both.js.br");
    assert_string_equal(l.coding, "br");
    assert_string_equal(l.mime.type, "text/javascript; charset=utf-8");
    char etag[FILE_LOOKUP_ETAG_SIZE];
    strcpy(etag, l.etag);
    l = check("both.js", false, "both.js");
    assert_null(l.coding);
    assert_string_not_equal(l.etag, etag);
    assert_string_equal(check("", true, "index.html.gz").coding, "gzip");
    assert_null(check("old.css", true, "old.css").coding);   /* the copy is of an older file */
    assert_null(check("film.mp4", true, "film.mp4").coding); /* compressed already */
}

static void test_gzip_alone(void **state)
{
    (void)state;
    struct file_lookup l = { .root = top, .path = "both.js", .takes_gzip = true };
    file_lookup_run(&l);
    assert_string_equal(l.coding, "gzip");
    close(l.fd);
}

static void test_no_root(void **state)
{
    (void)state;
    struct file_lookup l = { .root = "/nonexistent", .path = "a" };
    file_lookup_run(&l);
    CHECK_EQ(l.error, ERR_NOT_FOUND);
    CHECK_EQ(l.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),      cmocka_unit_test(test_folders), cmocka_unit_test(test_codings),
        cmocka_unit_test(test_gzip_alone), cmocka_unit_test(test_no_root),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

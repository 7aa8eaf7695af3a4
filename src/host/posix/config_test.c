/* Settings from YAML files: what is taken, what is told. */
#include "host/posix/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"

struct fixture {
    char path[256];
    struct buf taken;
    struct trail trail;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *base = getenv("TMPDIR");
    snprintf(f->path, sizeof f->path, "%s/config.XXXXXX", base != NULL ? base : "/tmp");
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    close(fd);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    buf_deinit(&f->taken);
    free(f);
    return 0;
}

static bool take(void *context, struct str name, const char *value, struct trail *trail)
{
    if (str_is(name, "bad")) {
        trail_add(trail, "no such setting");
        return false;
    }
    buf_printf(context, "%.*s=%s;", STR_ARG(name), value);
    return true;
}

static enum err read_text(struct fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    buf_clear(&f->taken);
    trail_clear(&f->trail);
    return config_read_file(f->path, take, &f->taken, &f->trail);
}

static void plain_settings_are_taken(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "# where\nlisten: \"127.0.0.1:7701\" # here\nlog-level: debug\n"),
                     ERR_OK);
    assert_string_equal(buf_cstr(&f->taken), "listen=127.0.0.1:7701;log-level=debug;");
    assert_int_equal(read_text(f, ""), ERR_OK);
    assert_int_equal(read_text(f, "# nothing\n"), ERR_OK);
    assert_int_equal(f->taken.len, 0);
}

static void anything_else_is_told_with_its_line(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {"a: 1\nb: [1, 2]\n", "line 2"},     {"a: 1\nb:\n  c: 2\n", "line 3"},
        {"a: 1\nbad: 2\n", "line 2"},        {"- a\n", "line 1"},
        {"a: &x 1\nb: *x\n", "line 2"},      {"just words\n", "line 1"},
        {"a: 1\n\tb: 2\n", "line 2"},        {"a: \"open\n", "line"},
        {"a: \"x\\0y\"\n", "line 1"},        {"{a: 1", "line"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_text(f, cases[i].text), ERR_INVALID);
        assert_non_null(strstr(f->trail.text, cases[i].line));
        assert_non_null(strstr(f->trail.text, f->path));
    }
}

static void a_missing_file_is_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(config_read_file("/nonexistent/config.yaml", take, &f->taken, &f->trail),
                     ERR_NOT_FOUND);
}

static void the_users_file_is_found(void **state)
{
    struct fixture *f = *state;
    char dir[300];
    char path[400];
    unlink(f->path);
    snprintf(dir, sizeof dir, "%s/nexus", f->path);
    snprintf(path, sizeof path, "%s/config.yaml", dir);
    assert_int_equal(mkdir(f->path, 0700), 0);
    setenv("XDG_CONFIG_HOME", f->path, 1);
    assert_int_equal(config_read_files(take, &f->taken, &f->trail), ERR_OK);
    assert_int_equal(mkdir(dir, 0700), 0);
    FILE *file = fopen(path, "w");
    fputs("listen: 127.0.0.1:1\n", file);
    fclose(file);
    assert_int_equal(config_read_files(take, &f->taken, &f->trail), ERR_OK);
    assert_non_null(strstr(buf_cstr(&f->taken), "listen=127.0.0.1:1;"));
    unlink(path);
    rmdir(dir);
    rmdir(f->path);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(plain_settings_are_taken),
        CASE(anything_else_is_told_with_its_line),
        CASE(a_missing_file_is_told),
        CASE(the_users_file_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

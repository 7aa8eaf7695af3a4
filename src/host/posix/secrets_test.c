/* Secrets are made once, kept closed, and never replaced. */
#include "host/posix/secrets.h"

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
#include "codec/bytes.h"
#include "host/posix/files.h"
#include "host/posix/io_posix.h"

struct fixture {
    char dir[256];
    struct io_posix *host;
    const struct io *io;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *base = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/secrets.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    struct io_posix_options options = {.dir = f->dir};
    assert_int_equal(io_posix_new(&f->host, &options, NULL), ERR_OK);
    f->io = io_posix_io(f->host);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[300];
    io_posix_free(f->host);
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static mode_t mode_of(const struct fixture *f, const char *name)
{
    char path[400];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void they_are_made_once(void **state)
{
    struct fixture *f = *state;
    struct secrets first;
    struct secrets second;
    struct trail trail = {0};
    assert_int_equal(secrets_load(f->io, f->dir, &first, &trail), ERR_OK);
    assert_int_equal(secrets_load(f->io, f->dir, &second, &trail), ERR_OK);
    assert_memory_equal(&first.admin_token_hash, &second.admin_token_hash, sizeof(struct hash));
    assert_memory_equal(&first.tree_key, &second.tree_key, sizeof first.tree_key);
    assert_int_equal(mode_of(f, "admin.token"), 0600);
    assert_int_equal(mode_of(f, "keys"), 0700);
    assert_int_equal(mode_of(f, "keys/tree.key"), 0600);
    assert_false(first.was_open);

    struct buf text = {0};
    assert_int_equal(files_read(f->io, "admin.token", 100, &text), ERR_OK);
    assert_int_equal(text.len, 47);
    assert_memory_equal(text.at, "nx_", 3);
    assert_int_equal(text.at[46], '\n');
    assert_int_equal(strspn(buf_cstr(&text), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789-_"),
                     46);
    struct hash hash;
    sha256(text.at, 46, &hash);
    assert_true(hash_eq(&hash, &first.admin_token_hash));

    uint8_t public[32];
    buf_clear(&text);
    assert_int_equal(files_read(f->io, "keys/tree.pub", 100, &text), ERR_OK);
    assert_int_equal(text.len, 65);
    assert_true(hex_decode(str_n(text.at, 64), public, 32));
    assert_memory_equal(public, first.tree_key.public, 32);
    buf_deinit(&text);
}

static void an_open_file_is_closed_and_told(void **state)
{
    struct fixture *f = *state;
    struct secrets secrets;
    char path[400];
    assert_int_equal(secrets_load(f->io, f->dir, &secrets, NULL), ERR_OK);
    snprintf(path, sizeof path, "%s/admin.token", f->dir);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(secrets_load(f->io, f->dir, &secrets, NULL), ERR_OK);
    assert_true(secrets.was_open);
    assert_int_equal(mode_of(f, "admin.token"), 0600);
}

static void what_is_no_secret_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct secrets secrets;
    struct trail trail = {0};
    assert_int_equal(files_write(f->io, "admin.token", STR("nx_short\n")), ERR_OK);
    assert_int_equal(secrets_load(f->io, f->dir, &secrets, &trail), ERR_INVALID);
    assert_non_null(strstr(trail.text, "admin.token"));
    struct buf text = {0};
    assert_int_equal(files_read(f->io, "admin.token", 100, &text), ERR_OK);
    assert_string_equal(buf_cstr(&text), "nx_short\n");
    buf_deinit(&text);

    assert_int_equal(f->io->remove(f->io->host, "admin.token"), ERR_OK);
    assert_int_equal(f->io->make_dir(f->io->host, "keys"), ERR_OK);
    assert_int_equal(files_write(f->io, "keys/tree.key", STR("00zz\n")), ERR_OK);
    assert_int_equal(secrets_load(f->io, f->dir, &secrets, &trail), ERR_INVALID);
}

static void files_are_replaced_whole(void **state)
{
    struct fixture *f = *state;
    struct buf text = {0};
    assert_int_equal(files_write(f->io, "a", STR("a long text")), ERR_OK);
    assert_int_equal(files_write(f->io, "a", STR("short")), ERR_OK);
    assert_int_equal(files_read(f->io, "a", 5, &text), ERR_OK);
    assert_string_equal(buf_cstr(&text), "short");
    assert_int_equal(files_read(f->io, "a", 4, &text), ERR_LIMIT);
    assert_int_equal(files_read(f->io, "a.new", 100, &text), ERR_NOT_FOUND);
    buf_deinit(&text);
}

static void directories_are_made_down_to_the_last(void **state)
{
    struct fixture *f = *state;
    char path[400];
    struct trail trail = {0};
    snprintf(path, sizeof path, "%s/x//y/z", f->dir);
    assert_int_equal(files_make_dirs(path, &trail), ERR_OK);
    assert_int_equal(files_make_dirs(path, &trail), ERR_OK);
    assert_int_equal(mode_of(f, "x/y/z"), 0700);
    assert_int_equal(files_write(f->io, "file", STR("x")), ERR_OK);
    snprintf(path, sizeof path, "%s/file/under", f->dir);
    assert_int_equal(files_make_dirs(path, &trail), ERR_INVALID);
    assert_non_null(strstr(trail.text, "file"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    umask(077);
    const struct CMUnitTest tests[] = {
        CASE(they_are_made_once),
        CASE(an_open_file_is_closed_and_told),
        CASE(what_is_no_secret_is_left_alone),
        CASE(files_are_replaced_whole),
        CASE(directories_are_made_down_to_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

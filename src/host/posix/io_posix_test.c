/* Files below one directory, and jobs beside the unit. */
#include "host/posix/io_posix.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"

struct fixture {
    char dir[256];
    struct io_posix *host;
    const struct io *io;
    int wake_pipe[2];
};

static void wake(void *context)
{
    struct fixture *f = context;
    assert_int_equal(write(f->wake_pipe[1], "w", 1), 1);
}

static void open_host(struct fixture *f, bool threads)
{
    struct io_posix_options options = {.dir = f->dir, .threads = threads, .context = f};
    options.wake = threads ? wake : NULL;
    assert_int_equal(io_posix_new(&f->host, &options, NULL), ERR_OK);
    f->io = io_posix_io(f->host);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *base = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/io_posix.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(pipe(f->wake_pipe), 0);
    open_host(f, false);
    *state = f;
    return 0;
}

static void remove_tree(const char *path)
{
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    io_posix_free(f->host);
    close(f->wake_pipe[0]);
    close(f->wake_pipe[1]);
    remove_tree(f->dir);
    free(f);
    return 0;
}

static const char *path_of(struct fixture *f, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return path;
}

static struct io_file *make_file(struct fixture *f, const char *name, const char *text)
{
    struct io_file *file = NULL;
    assert_int_equal(f->io->open(f->io->host, name, IO_READ | IO_WRITE | IO_CREATE, &file), ERR_OK);
    assert_int_equal(f->io->write(f->io->host, file, 0, text, strlen(text)), ERR_OK);
    return file;
}

/* -- files ------------------------------------------------------------------------ */

static void what_is_written_is_read(void **state)
{
    struct fixture *f = *state;
    const struct io *io = f->io;
    struct io_file *file = make_file(f, "a", "hello, world");
    assert_int_equal(io->write(io->host, file, 7, "there", 5), ERR_OK);
    assert_int_equal(io->sync(io->host, file), ERR_OK);
    uint64_t bytes = 0;
    assert_int_equal(io->size(io->host, file, &bytes), ERR_OK);
    assert_int_equal(bytes, 12);
    char text[13] = "";
    assert_int_equal(io->read(io->host, file, 0, text, 12), ERR_OK);
    assert_string_equal(text, "hello, there");
    assert_int_equal(io->read(io->host, file, 5, text, 8), ERR_IO); /* one byte short */
    assert_int_equal(io->truncate(io->host, file, 5), ERR_OK);
    assert_int_equal(io->size(io->host, file, &bytes), ERR_OK);
    assert_int_equal(bytes, 5);
    io->close(io->host, file);

    struct stat st;
    assert_int_equal(stat(path_of(f, "a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void open_does_not_create_unasked(void **state)
{
    struct fixture *f = *state;
    struct io_file *file = NULL;
    assert_int_equal(f->io->open(f->io->host, "none", IO_READ, &file), ERR_NOT_FOUND);
    assert_int_equal(f->io->open(f->io->host, "none", IO_READ | IO_WRITE, &file), ERR_NOT_FOUND);
    assert_int_equal(f->io->open(f->io->host, "no/file", IO_CREATE, &file), ERR_NOT_FOUND);
    assert_null(file);
}

static void a_view_follows_writes(void **state)
{
    struct fixture *f = *state;
    const struct io *io = f->io;
    struct io_file *file = make_file(f, "a", "0123456789");
    const uint8_t *view = NULL;
    assert_int_equal(io->map(io->host, file, 10, &view), ERR_OK);
    assert_memory_equal(view, "0123456789", 10);
    assert_int_equal(io->write(io->host, file, 3, "xyz", 3), ERR_OK);
    assert_memory_equal(view, "012xyz6789", 10);
    io->unmap(io->host, view, 10);
    io->close(io->host, file);
}

static void names_stay_inside(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"", ".", "..", "/etc/passwd", "../x", "a/../x", "a//x", "a/"};
    assert_int_equal(f->io->make_dir(f->io->host, "a"), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct io_file *file = NULL;
        assert_int_equal(f->io->open(f->io->host, bad[i], IO_READ | IO_CREATE, &file), ERR_INVALID);
        assert_int_equal(f->io->remove(f->io->host, bad[i]), ERR_INVALID);
    }
}

static void links_are_not_followed(void **state)
{
    struct fixture *f = *state;
    struct io_file *file = NULL;
    assert_int_equal(symlink("/etc/passwd", path_of(f, "file")), 0);
    assert_int_equal(symlink("/etc", path_of(f, "dir")), 0);
    assert_int_equal(f->io->open(f->io->host, "file", IO_READ, &file), ERR_INVALID);
    assert_int_equal(f->io->open(f->io->host, "file", IO_CREATE, &file), ERR_INVALID);
    assert_int_equal(f->io->open(f->io->host, "dir/passwd", IO_READ, &file), ERR_INVALID);
    assert_int_equal(f->io->make_dir(f->io->host, "dir"), ERR_INVALID);
}

static void only_plain_files_are_opened(void **state)
{
    struct fixture *f = *state;
    struct io_file *file = NULL;
    assert_int_equal(mkfifo(path_of(f, "pipe"), 0600), 0);
    assert_int_equal(f->io->open(f->io->host, "pipe", IO_READ, &file), ERR_INVALID);
    assert_int_equal(f->io->make_dir(f->io->host, "dir"), ERR_OK);
    assert_int_equal(f->io->open(f->io->host, "dir", IO_READ, &file), ERR_INVALID);
}

static void add_name(void *context, const char *name)
{
    buf_add_text(context, name);
    buf_add_byte(context, ' ');
}

static void directories_list_in_byte_order(void **state)
{
    struct fixture *f = *state;
    const struct io *io = f->io;
    assert_int_equal(io->make_dir(io->host, "d"), ERR_OK);
    assert_int_equal(io->make_dir(io->host, "d"), ERR_OK); /* fine when it exists */
    static const char *const names[] = {"d/b", "d/a", "d/Z", "d/10", "d/9"};
    for (size_t i = 0; i < 5; i++) {
        io->close(io->host, make_file(f, names[i], "x"));
    }
    assert_int_equal(io->make_dir(io->host, "d/sub"), ERR_OK);
    assert_int_equal(io->rename(io->host, "d/b", "moved"), ERR_OK);
    assert_int_equal(io->remove(io->host, "d/a"), ERR_OK);
    assert_int_equal(io->remove(io->host, "d/a"), ERR_NOT_FOUND);

    struct buf listed = {0};
    assert_int_equal(io->list(io->host, "d", add_name, &listed), ERR_OK);
    assert_string_equal(buf_cstr(&listed), "10 9 Z ");
    buf_clear(&listed);
    assert_int_equal(io->list(io->host, "", add_name, &listed), ERR_OK);
    assert_string_equal(buf_cstr(&listed), "moved ");
    assert_int_equal(io->list(io->host, "none", add_name, &listed), ERR_NOT_FOUND);
    buf_deinit(&listed);
}

static void rename_replaces(void **state)
{
    struct fixture *f = *state;
    const struct io *io = f->io;
    io->close(io->host, make_file(f, "old", "old"));
    struct io_file *file = make_file(f, "new", "new");
    assert_int_equal(io->rename(io->host, "new", "old"), ERR_OK);
    char text[4] = "";
    assert_int_equal(io->read(io->host, file, 0, text, 3), ERR_OK);
    assert_string_equal(text, "new");
    io->close(io->host, file);
    assert_int_equal(access(path_of(f, "new"), F_OK), -1);
}

/* A file that may not grow stands for a full disk. */
static void a_full_disk_is_told(void **state)
{
    struct fixture *f = *state;
    const struct io *io = f->io;
    struct io_file *file = make_file(f, "a", "x");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    char bytes[8192] = {0};
    assert_int_equal(io->write(io->host, file, 0, bytes, sizeof bytes), ERR_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    io->close(io->host, file);
}

static void errors_have_meanings(void **state)
{
    (void)state;
    assert_int_equal(io_posix_err(ENOSPC), ERR_FULL);
    assert_int_equal(io_posix_err(EDQUOT), ERR_FULL);
    assert_int_equal(io_posix_err(EROFS), ERR_READONLY);
    assert_int_equal(io_posix_err(EACCES), ERR_READONLY);
    assert_int_equal(io_posix_err(EIO), ERR_IO);
    assert_int_equal(io_posix_err(ENOENT), ERR_NOT_FOUND);
}

static void a_directory_has_one_holder(void **state)
{
    struct fixture *f = *state;
    struct io_posix_options options = {.dir = f->dir, .lock = true};
    struct io_posix *first = NULL;
    struct io_posix *second = NULL;
    struct trail trail = {0};
    assert_int_equal(io_posix_new(&first, &options, &trail), ERR_OK);
    assert_int_equal(io_posix_new(&second, &options, &trail), ERR_LOCKED);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(trail.text, pid));
    assert_null(second);
    io_posix_free(first);
    assert_int_equal(io_posix_new(&second, &options, &trail), ERR_OK);
    io_posix_free(second);
}

static void a_missing_directory_is_told(void **state)
{
    struct fixture *f = *state;
    struct io_posix_options options = {.dir = path_of(f, "none")};
    struct io_posix *host = NULL;
    struct trail trail = {0};
    assert_int_equal(io_posix_new(&host, &options, &trail), ERR_NOT_FOUND);
    assert_non_null(strstr(trail.text, "none"));
}

static void clocks_and_chance(void **state)
{
    struct fixture *f = *state;
    uint64_t before = f->io->mono_ns(f->io->host);
    assert_true(f->io->mono_ns(f->io->host) >= before);
    assert_true(f->io->wall_ms(f->io->host) > 1700000000000);
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    f->io->random(f->io->host, a, sizeof a);
    f->io->random(f->io->host, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* -- jobs ---------------------------------------------------------------------------- */

struct test_job {
    struct io_job job;
    int gate[2]; /* run waits for a byte, when there is a gate */
    bool gated;
    pthread_t ran_on;
    pthread_t done_on;
    int value;
    enum err answer;
    enum err result;
    int done;
};

static enum err job_run(struct io_job *job)
{
    struct test_job *t = (struct test_job *)job;
    char byte;
    if (t->gated && read(t->gate[0], &byte, 1) != 1) {
        return ERR_IO;
    }
    t->ran_on = pthread_self();
    return t->value == 7 ? t->answer : ERR_INVALID;
}

static void job_done(struct io_job *job, enum err result)
{
    struct test_job *t = (struct test_job *)job;
    t->result = result;
    t->done_on = pthread_self();
    t->done++;
}

static void job_init(struct test_job *t, bool gated)
{
    *t = (struct test_job){.job = {.run = job_run, .done = job_done}, .gated = gated, .value = 7};
    assert_int_equal(pipe(t->gate), 0);
}

static void job_open_gate(struct test_job *t)
{
    assert_int_equal(write(t->gate[1], "g", 1), 1);
}

static void job_deinit(struct test_job *t)
{
    close(t->gate[0]);
    close(t->gate[1]);
}

static void without_threads_only_delivery_waits(void **state)
{
    struct fixture *f = *state;
    struct test_job t;
    job_init(&t, false);
    t.answer = ERR_FULL;
    assert_false(io_posix_poll(f->host));
    assert_false(io_posix_wait(f->host));
    f->io->start(f->io->host, &t.job);
    assert_int_equal(t.done, 0);
    assert_true(io_posix_poll(f->host));
    assert_int_equal(t.done, 1);
    assert_int_equal(t.result, ERR_FULL);
    assert_false(io_posix_poll(f->host));
    assert_null(f->io->start_snapshot);
    job_deinit(&t);
}

static void use_threads(struct fixture *f)
{
    io_posix_free(f->host);
    open_host(f, true);
}

static void a_short_job_overtakes_a_long_one(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job slow;
    struct test_job quick;
    job_init(&slow, true);
    job_init(&quick, false);
    f->io->start(f->io->host, &slow.job);
    f->io->start(f->io->host, &quick.job);
    assert_true(io_posix_wait(f->host));
    assert_int_equal(quick.done, 1);
    assert_int_equal(slow.done, 0);
    assert_false(pthread_equal(quick.ran_on, pthread_self()));
    assert_true(pthread_equal(quick.done_on, pthread_self()));
    job_open_gate(&slow);
    assert_true(io_posix_wait(f->host));
    assert_int_equal(slow.done, 1);
    assert_false(io_posix_wait(f->host));
    job_deinit(&slow);
    job_deinit(&quick);
}

static void results_wake_the_loop(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job t;
    job_init(&t, false);
    for (int i = 0; i < 200; i++) {
        f->io->start(f->io->host, &t.job);
        char byte;
        assert_int_equal(read(f->wake_pipe[0], &byte, 1), 1);
        assert_true(io_posix_poll(f->host));
        assert_int_equal(t.done, i + 1);
    }
    job_deinit(&t);
}

static void more_jobs_than_threads(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job jobs[50];
    for (size_t i = 0; i < 50; i++) {
        job_init(&jobs[i], true);
        f->io->start(f->io->host, &jobs[i].job);
    }
    for (size_t i = 0; i < 50; i++) {
        job_open_gate(&jobs[i]);
    }
    while (io_posix_wait(f->host)) {
    }
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].result, ERR_OK);
        job_deinit(&jobs[i]);
    }
}

static void a_snapshot_sees_the_moment_of_its_start(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job t;
    job_init(&t, false);
    f->io->start_snapshot(f->io->host, &t.job);
    t.value = 8; /* run answers ERR_INVALID when it sees this */
    assert_true(io_posix_wait(f->host));
    assert_int_equal(t.done, 1);
    assert_int_equal(t.result, ERR_OK);
    assert_true(pthread_equal(t.done_on, pthread_self()));
    job_deinit(&t);
}

static enum err fail_in_copy(struct io_job *job)
{
    (void)job;
    return ERR_FULL;
}

static enum err die_in_copy(struct io_job *job)
{
    (void)job;
    raise(SIGKILL);
    return ERR_OK;
}

static void a_snapshot_tells_how_it_ended(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job t;
    job_init(&t, false);
    t.job.run = fail_in_copy;
    f->io->start_snapshot(f->io->host, &t.job);
    assert_true(io_posix_wait(f->host));
    assert_int_equal(t.result, ERR_FULL);
    t.job.run = die_in_copy;
    f->io->start_snapshot(f->io->host, &t.job);
    assert_true(io_posix_wait(f->host));
    assert_int_equal(t.result, ERR_IO);
    job_deinit(&t);
}

static enum err be_told_to_stop(struct io_job *job)
{
    (void)job;
    raise(SIGTERM);
    return ERR_OK;
}

static void note_signal(int number)
{
    (void)number;
}

/* Handlers belong to the loop of the daemon, whose descriptors a copy does not have. */
static void a_snapshot_does_not_handle_signals(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job t;
    job_init(&t, false);
    t.job.run = be_told_to_stop;
    void (*before)(int) = signal(SIGTERM, note_signal);
    f->io->start_snapshot(f->io->host, &t.job);
    assert_true(io_posix_wait(f->host));
    signal(SIGTERM, before);
    assert_int_equal(t.result, ERR_IO);
    job_deinit(&t);
}

static bool file_exists(const struct fixture *f, const char *name)
{
    struct io_file *file = NULL;
    if (f->io->open(f->io->host, name, IO_READ, &file) != ERR_OK) {
        return false;
    }
    f->io->close(f->io->host, file);
    return true;
}

struct long_job {
    struct test_job test; /* first: the job */
    const struct fixture *f;
};

static enum err run_until_told(struct io_job *job)
{
    const struct fixture *f = ((struct long_job *)job)->f;
    struct io_file *file = NULL;
    if (f->io->open(f->io->host, "runs", IO_WRITE | IO_CREATE, &file) != ERR_OK) {
        return ERR_IO;
    }
    while (!file_exists(f, "enough")) {
        usleep(1000);
    }
    return ERR_OK;
}

/* Not even when another board's host holds it: a daemon that was killed while a copy
 * hangs on a slow disk can be started again at once. */
static void a_snapshot_holds_no_lock(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct io_posix_options options = {.dir = f->dir, .lock = true};
    struct io_posix *holder = NULL;
    struct io_file *file = NULL;
    assert_int_equal(io_posix_new(&holder, &options, NULL), ERR_OK);
    struct long_job t = {.f = f};
    job_init(&t.test, false);
    t.test.job.run = run_until_told;
    f->io->start_snapshot(f->io->host, &t.test.job);
    while (!file_exists(f, "runs")) {
        usleep(1000);
    }
    io_posix_free(holder);
    const enum err err = io_posix_new(&holder, &options, NULL);
    assert_int_equal(f->io->open(f->io->host, "enough", IO_WRITE | IO_CREATE, &file), ERR_OK);
    f->io->close(f->io->host, file);
    assert_true(io_posix_wait(f->host));
    assert_int_equal(t.test.result, ERR_OK);
    assert_int_equal(err, ERR_OK);
    io_posix_free(holder);
    job_deinit(&t.test);
}

static void free_lets_running_jobs_end(void **state)
{
    struct fixture *f = *state;
    use_threads(f);
    struct test_job t;
    job_init(&t, true);
    f->io->start(f->io->host, &t.job);
    job_open_gate(&t);
    io_posix_free(f->host);
    f->host = NULL;
    assert_int_equal(t.done, 0); /* dropped, not delivered */
    job_deinit(&t);
}

/* -- a disk that stops giving pages ------------------------------------------------------ */

static void read_lost_page(struct fixture *f)
{
    io_posix_catch_bus_errors();
    struct io_file *file = make_file(f, "m", "x");
    const uint8_t *view = NULL;
    if (f->io->map(f->io->host, file, 4096, &view) != ERR_OK ||
        f->io->truncate(f->io->host, file, 0) != ERR_OK) {
        _exit(1);
    }
    _exit(*(const volatile uint8_t *)view == 'x' ? 2 : 3);
}

static void a_lost_page_is_not_silent(void **state)
{
    struct fixture *f = *state;
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        read_lost_page(f);
    }
    close(out[1]);
    char words[400] = "";
    assert_true(read(out[0], words, sizeof words - 1) > 0);
    assert_non_null(strstr(words, "SIGBUS"));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 74);
    close(out[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_written_is_read),
        CASE(open_does_not_create_unasked),
        CASE(a_view_follows_writes),
        CASE(names_stay_inside),
        CASE(links_are_not_followed),
        CASE(only_plain_files_are_opened),
        CASE(directories_list_in_byte_order),
        CASE(rename_replaces),
        CASE(a_full_disk_is_told),
        CASE(errors_have_meanings),
        CASE(a_directory_has_one_holder),
        CASE(a_missing_directory_is_told),
        CASE(clocks_and_chance),
        CASE(without_threads_only_delivery_waits),
        CASE(a_short_job_overtakes_a_long_one),
        CASE(results_wake_the_loop),
        CASE(more_jobs_than_threads),
        CASE(a_snapshot_sees_the_moment_of_its_start),
        CASE(a_snapshot_tells_how_it_ended),
        CASE(a_snapshot_does_not_handle_signals),
        CASE(a_snapshot_holds_no_lock),
        CASE(free_lets_running_jobs_end),
        CASE(a_lost_page_is_not_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

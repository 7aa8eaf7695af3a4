/* workers.c - the queue of jobs and of their results.
 *
 * States of a job:  queued (take)-> running (finish)-> finished (deliver)-> gone
 *
 * 1. Queue, results and counts belong to `mutex`; job->run and job->done are called
 *    without it.
 * 2. job->done is called by workers_poll and workers_wait only, so on the thread of
 *    the unit, and never from inside workers_start.
 * 3. `wake` is called once for each time the results become non-empty; a poll takes
 *    all of them.
 *
 * A forked job is watched by a worker that waits for the child to end: its exit
 * status is the job's `enum err`.
 */
#include "host/posix/workers.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"

struct work {
    struct io_job *job;
    struct work *next;
    pid_t child; /* 0: run the job here */
    enum err result;
};

struct work_list {
    struct work *first;
    struct work **end;
};

struct workers {
    void (*wake)(void *context);
    void *context;
    bool threads;
    pthread_mutex_t mutex;
    pthread_cond_t queued;   /* to the workers */
    pthread_cond_t finished; /* to workers_wait */
    struct work_list queue;
    struct work_list results;
    unsigned queue_count;
    unsigned idle_count;
    unsigned in_flight; /* started and not delivered */
    bool stopping;
    unsigned threads_count;
    pthread_t thread[WORKERS_MAX];
};

static void list_clear(struct work_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_push(struct work_list *list, struct work *work)
{
    work->next = NULL;
    *list->end = work;
    list->end = &work->next;
}

static struct work *list_take(struct work_list *list)
{
    struct work *work = list->first;
    if (work != NULL) {
        list->first = work->next;
        if (list->first == NULL) {
            list->end = &list->first;
        }
    }
    return work;
}

static void lock(struct workers *workers)
{
    CHECK(pthread_mutex_lock(&workers->mutex) == 0);
}

static void unlock(struct workers *workers)
{
    CHECK(pthread_mutex_unlock(&workers->mutex) == 0);
}

static enum err wait_for_child(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return WIFEXITED(status) ? (enum err)WEXITSTATUS(status) : ERR_IO;
}

static void run(struct work *work)
{
    work->result = work->child != 0 ? wait_for_child(work->child) : work->job->run(work->job);
}

/* With the lock held. */
static bool finish(struct workers *workers, struct work *work)
{
    bool first = workers->results.first == NULL;
    list_push(&workers->results, work);
    CHECK(pthread_cond_signal(&workers->finished) == 0);
    return first;
}

static void *worker(void *argument)
{
    struct workers *workers = argument;
    lock(workers);
    for (;;) {
        struct work *work = list_take(&workers->queue);
        if (work == NULL && workers->stopping) {
            break;
        }
        if (work == NULL) {
            workers->idle_count++;
            CHECK(pthread_cond_wait(&workers->queued, &workers->mutex) == 0);
            workers->idle_count--;
            continue;
        }
        workers->queue_count--;
        unlock(workers);
        run(work);
        lock(workers);
        if (finish(workers, work) && workers->wake != NULL) {
            unlock(workers);
            workers->wake(workers->context);
            lock(workers);
        }
    }
    unlock(workers);
    return NULL;
}

/* Signals are the loop's; a bus error comes to the thread that met it. */
static bool make_thread(pthread_t *out_thread, struct workers *workers)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int made = pthread_create(out_thread, NULL, worker, workers);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return made == 0;
}

static void add_thread(struct workers *workers)
{
    if (workers->threads_count < WORKERS_MAX &&
        make_thread(&workers->thread[workers->threads_count], workers)) {
        workers->threads_count++;
    }
}

static void enqueue(struct workers *workers, struct work *work)
{
    work->job->host = work;
    lock(workers);
    workers->in_flight++;
    list_push(&workers->queue, work);
    workers->queue_count++;
    if (workers->queue_count > workers->idle_count) {
        add_thread(workers);
    }
    CHECK(pthread_cond_signal(&workers->queued) == 0);
    unlock(workers);
}

struct workers *workers_new(bool threads, void (*wake)(void *context), void *context)
{
    struct workers *workers = mem_zalloc(sizeof *workers);
    workers->threads = threads;
    workers->wake = wake;
    workers->context = context;
    CHECK(pthread_mutex_init(&workers->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&workers->queued, NULL) == 0);
    CHECK(pthread_cond_init(&workers->finished, NULL) == 0);
    list_clear(&workers->queue);
    list_clear(&workers->results);
    if (threads) {
        lock(workers);
        add_thread(workers);
        unlock(workers);
        if (workers->threads_count == 0) {
            workers_free(workers);
            return NULL;
        }
    }
    return workers;
}

void workers_free(struct workers *workers)
{
    if (workers == NULL) {
        return;
    }
    lock(workers);
    workers->stopping = true;
    CHECK(pthread_cond_broadcast(&workers->queued) == 0);
    unlock(workers);
    for (unsigned i = 0; i < workers->threads_count; i++) {
        CHECK(pthread_join(workers->thread[i], NULL) == 0);
    }
    for (struct work *work; (work = list_take(&workers->results)) != NULL;) {
        mem_free(work);
    }
    pthread_cond_destroy(&workers->finished);
    pthread_cond_destroy(&workers->queued);
    pthread_mutex_destroy(&workers->mutex);
    mem_free(workers);
}

void workers_start(struct workers *workers, struct io_job *job)
{
    struct work *work = mem_zalloc(sizeof *work);
    work->job = job;
    if (workers->threads) {
        enqueue(workers, work);
        return;
    }
    job->host = work;
    run(work);
    lock(workers);
    workers->in_flight++;
    finish(workers, work);
    unlock(workers);
}

/* A socket that stays open in the child would keep a connection alive that the parent has
 * closed, and a lock file the lock of a daemon that was killed. Names are looked up from
 * directories. */
static void close_all_but_directories(void)
{
    DIR *fds = opendir("/proc/self/fd");
    if (fds == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(fds)) != NULL;) {
        unsigned long long number;
        struct stat st;
        if (!str_to_u64(str_of(entry->d_name), &number) || number <= STDERR_FILENO) {
            continue;
        }
        int fd = (int)number;
        if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
            close(fd);
        }
    }
    closedir(fds);
}

/* The loop's handlers write to descriptors that are closed here, or are already something
 * else: what is meant for the daemon's whole group just ends the copy. */
static void drop_handlers(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        signal(numbers[i], SIG_DFL);
    }
}

static _Noreturn void be_child(struct io_job *job, pid_t parent, const sigset_t *signals)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(ERR_STOPPED);
    }
    drop_handlers();
    CHECK(pthread_sigmask(SIG_SETMASK, signals, NULL) == 0);
    close_all_but_directories();
    _exit((int)job->run(job));
}

void workers_start_forked(struct workers *workers, struct io_job *job)
{
    CHECK(workers->threads);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        be_child(job, parent, &before);
    }
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    struct work *work = mem_zalloc(sizeof *work);
    work->job = job;
    work->child = child;
    if (child > 0) {
        enqueue(workers, work);
        return;
    }
    /* No copy is to be had now; the unit tries again when it is next due. */
    job->host = work;
    work->result = ERR_LIMIT;
    lock(workers);
    workers->in_flight++;
    bool first = finish(workers, work);
    unlock(workers);
    if (first && workers->wake != NULL) {
        workers->wake(workers->context);
    }
}

static void deliver(struct work *work)
{
    while (work != NULL) {
        struct work *next = work->next;
        struct io_job *job = work->job;
        enum err result = work->result;
        mem_free(work);
        job->host = NULL;
        job->done(job, result); /* may start, or free, the job */
        work = next;
    }
}

static bool take_and_deliver(struct workers *workers, bool wait)
{
    lock(workers);
    while (wait && workers->results.first == NULL && workers->in_flight > 0) {
        CHECK(pthread_cond_wait(&workers->finished, &workers->mutex) == 0);
    }
    struct work *work = workers->results.first;
    list_clear(&workers->results);
    for (struct work *each = work; each != NULL; each = each->next) {
        workers->in_flight--;
    }
    unlock(workers);
    deliver(work);
    return work != NULL;
}

bool workers_poll(struct workers *workers)
{
    return take_and_deliver(workers, false);
}

bool workers_wait(struct workers *workers)
{
    return take_and_deliver(workers, true);
}

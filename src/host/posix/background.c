/* background.c - fork, a session of its own, and one message through a pipe: a byte
 * with the exit code, then words. No message at all means that the child died. */
#include "host/posix/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/posix/io_posix.h"

static void be_parent(int tell, struct background *background)
{
    char message[sizeof background->words];
    size_t len = 0;
    for (;;) {
        ssize_t got = read(tell, message + len, sizeof message - 1 - len);
        if (got > 0) {
            len += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    close(tell);
    message[len] = '\0';
    background->ended = true;
    background->exit_code = len > 0 ? message[0] : 1;
    snprintf(background->words, sizeof background->words, "%s",
             len > 0 ? message + 1
                     : "it ended before it was ready; nexusd.log in its data directory has the "
                       "reason");
}

enum err background_reopen(const char *log_path)
{
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return io_posix_err(errno);
    }
    bool done = dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
    close(fd);
    return done ? ERR_OK : ERR_IO;
}

enum err background_start(const char *log_path, struct background *out_background,
                          struct trail *trail)
{
    *out_background = (struct background){.tell = -1};
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (log < 0) {
        return trail_err(trail, io_posix_err(errno), "opening %s: %s", log_path, strerror(errno));
    }
    close(log);
    int tell[2];
    if (pipe2(tell, O_CLOEXEC) != 0) {
        return trail_err(trail, io_posix_err(errno), "making a pipe: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child < 0) {
        close(tell[0]);
        close(tell[1]);
        return trail_err(trail, ERR_LIMIT, "making a process: %s", strerror(errno));
    }
    if (child > 0) {
        close(tell[1]);
        be_parent(tell[0], out_background);
        return ERR_OK;
    }
    close(tell[0]);
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        close(null);
    }
    out_background->tell = tell[1];
    return background_reopen(log_path);
}

void background_tell(struct background *background, int exit_code, const char *words)
{
    if (background->tell < 0) {
        return;
    }
    char message[1024];
    size_t words_len = strlen(words) < sizeof message - 1 ? strlen(words) : sizeof message - 1;
    message[0] = (char)exit_code;
    memcpy(message + 1, words, words_len);
    ssize_t ignored = write(background->tell, message, 1 + words_len);
    (void)ignored;
    close(background->tell);
    background->tell = -1;
}

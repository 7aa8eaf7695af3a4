/* daemon_fixture.h - a real nexusd in a directory of its own, for tests.
 *
 * It tells when it is ready through NOTIFY_SOCKET, so nothing here polls or sleeps.
 */
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http_client.h"

#define DAEMON_WAIT_MS 30000

struct daemon_fixture {
    char dir[64];
    char data[80];
    char socket_path[100];
    char token[64];
    pid_t pid; /* 0: not running */
    int notify_fd;
};

static inline void daemon_exec(struct daemon_fixture *d)
{
    char program[4096];
    char log[100];
    const char *bin = getenv("NEXUS_BIN");
    snprintf(program, sizeof program, "%s/nexusd", bin != NULL ? bin : ".");
    snprintf(log, sizeof log, "%s/stderr", d->dir);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    execl(program, "nexusd", "--foreground", "--data", d->data, "--listen", "127.0.0.1:0",
          (char *)NULL);
    perror(program);
    _exit(127);
}

/* Waits for READY=1; false: it ended, or took too long. */
static inline bool daemon_wait_ready(struct daemon_fixture *d)
{
    for (;;) {
        struct pollfd wait = {.fd = d->notify_fd, .events = POLLIN};
        char text[256] = "";
        if (poll(&wait, 1, DAEMON_WAIT_MS) != 1 ||
            recv(d->notify_fd, text, sizeof text - 1, 0) <= 0) {
            return false;
        }
        if (strstr(text, "READY=1") != NULL) {
            return true;
        }
    }
}

static inline bool daemon_start(struct daemon_fixture *d)
{
    d->pid = fork();
    if (d->pid == 0) {
        daemon_exec(d);
    }
    if (d->pid < 0 || !daemon_wait_ready(d)) {
        return false;
    }
    char path[100];
    snprintf(path, sizeof path, "%s/admin.token", d->data);
    FILE *file = fopen(path, "re");
    bool read = file != NULL && fgets(d->token, sizeof d->token, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    d->token[strcspn(d->token, "\n")] = '\0';
    return read;
}

static inline bool daemon_make(struct daemon_fixture *d)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *d = (struct daemon_fixture){0};
    snprintf(d->dir, sizeof d->dir, "/tmp/nexusd-test.XXXXXX");
    if (mkdtemp(d->dir) == NULL) {
        return false;
    }
    snprintf(d->data, sizeof d->data, "%s/data", d->dir);
    snprintf(d->socket_path, sizeof d->socket_path, "%s/nexusd.sock", d->data);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", d->dir);
    d->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    return bind(d->notify_fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* Sends the signal and waits for the end; the exit code, or 128 + signal. */
static inline int daemon_end(struct daemon_fixture *d, int number)
{
    int status = 0;
    kill(d->pid, number);
    if (waitpid(d->pid, &status, 0) != d->pid) {
        return -1;
    }
    d->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void daemon_remove(struct daemon_fixture *d)
{
    char command[100];
    if (d->pid > 0) {
        daemon_end(d, SIGKILL);
    }
    close(d->notify_fd);
    snprintf(command, sizeof command, "rm -rf '%s'", d->dir);
    if (system(command) != 0) {
        fprintf(stderr, "%s stays behind\n", d->dir);
    }
}

static inline bool daemon_open(const struct daemon_fixture *d, struct http_client *client)
{
    return http_open_unix(client, d->socket_path);
}

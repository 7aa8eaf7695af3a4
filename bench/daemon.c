/* daemon.c - see daemon.h. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define READY_NS 20000000000u

static int try_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        die("socket: %s", strerror(errno));
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

static _Noreturn void be_daemon(const char *program, const char *dir)
{
    int nowhere = open("/dev/null", O_WRONLY);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(nowhere, STDERR_FILENO);
    execl(program, program, "--data", dir, "--listen", "127.0.0.1:0", "--foreground",
          (char *)NULL);
    _exit(127);
}

static bool is_ready(const char *path)
{
    static const char ask[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char reply[512] = "";
    int fd = try_connect(path);
    if (fd < 0) {
        return false;
    }
    bool ready = write(fd, ask, sizeof ask - 1) > 0 && read(fd, reply, sizeof reply - 1) > 0 &&
                 strstr(reply, " 200 ") != NULL;
    close(fd);
    return ready;
}

static void wait_until_ready(const struct daemon *daemon, uint64_t began, const char *program)
{
    while (!is_ready(daemon->socket)) {
        if (now_ns() - began > READY_NS || waitpid(daemon->pid, NULL, WNOHANG) != 0) {
            die("%s does not start", program);
        }
        usleep(200);
    }
}

uint64_t daemon_start(struct daemon *daemon, const char *program, const char *dir)
{
    struct path token = path_join(dir, "admin.token");
    memset(daemon, 0, sizeof *daemon);
    int len = snprintf(daemon->socket, sizeof daemon->socket, "%s/nexusd.sock", dir);
    if (len < 0 || (size_t)len >= sizeof daemon->socket) {
        die("the directory's path is too long for a socket");
    }
    dir_fresh(dir);
    uint64_t began = now_ns();
    daemon->pid = fork();
    if (daemon->pid == 0) {
        be_daemon(program, dir);
    }
    wait_until_ready(daemon, began, program);
    uint64_t took = now_ns() - began;
    FILE *file = fopen(token.at, "r");
    if (file == NULL || fscanf(file, "%127s", daemon->admin_token) != 1) {
        die("%s: %s", token.at, strerror(errno));
    }
    fclose(file);
    return took;
}

void daemon_stop(struct daemon *daemon)
{
    int status = 0;
    kill(daemon->pid, SIGTERM);
    if (waitpid(daemon->pid, &status, 0) != daemon->pid || status != 0) {
        die("nexusd ended badly (status %d)", status);
    }
}

int daemon_connect(const struct daemon *daemon)
{
    int fd = try_connect(daemon->socket);
    if (fd < 0) {
        die("%s: %s", daemon->socket, strerror(errno));
    }
    return fd;
}

size_t request_write(char *out, size_t out_max, const char *path, const char *token,
                     const char *body)
{
    int len = snprintf(out, out_max,
                       "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       path, token, strlen(body), body);
    if (len < 0 || (size_t)len >= out_max) {
        die("a request is too long");
    }
    return (size_t)len;
}

int answer_parse(const char *bytes, size_t len, struct answer *out_answer)
{
    static const char field[] = "\r\nContent-Length:";
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    size_t head = (size_t)(end - bytes);
    if (head < 12 || memcmp(bytes, "HTTP/1.1 ", 9) != 0) {
        die("no HTTP: %.*s", (int)(len < 60 ? len : 60), bytes);
    }
    const char *length = memmem(bytes, head, field, sizeof field - 1);
    out_answer->status = (int)strtol(bytes + 9, NULL, 10);
    out_answer->body = end + 4;
    out_answer->body_len = length == NULL ? 0 : strtoul(length + sizeof field - 1, NULL, 10);
    out_answer->bytes = head + 4 + out_answer->body_len;
    return len >= out_answer->bytes;
}

int daemon_post(int fd, const char *path, const char *token, const char *body, char *out,
                size_t out_max)
{
    char bytes[16384];
    size_t have = 0, len = request_write(bytes, sizeof bytes, path, token, body);
    struct answer answer;
    if (write(fd, bytes, len) != (ssize_t)len) {
        die("write: %s", strerror(errno));
    }
    do {
        ssize_t got = read(fd, bytes + have, sizeof bytes - 1 - have);
        if (got <= 0) {
            die("nexusd closed the connection");
        }
        have += (size_t)got;
    } while (!answer_parse(bytes, have, &answer));
    snprintf(out, out_max, "%.*s", (int)answer.body_len, answer.body);
    return answer.status;
}

void text_after(const char *body, const char *key, char *out, size_t out_max)
{
    char mark[64];
    snprintf(mark, sizeof mark, "\"%s\":\"", key);
    const char *from = strstr(body, mark);
    const char *to = from == NULL ? NULL : strchr(from + strlen(mark), '"');
    if (to == NULL) {
        die("no \"%s\" in %s", key, body);
    }
    snprintf(out, out_max, "%.*s", (int)(to - from - (ptrdiff_t)strlen(mark)),
             from + strlen(mark));
}

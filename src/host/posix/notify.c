/* notify.c - one datagram to the socket that NOTIFY_SOCKET names. A leading '@' means
 * an abstract address. Failing to tell is no reason to fail. */
#include "host/posix/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = path != NULL ? strlen(path) : 0;
    if (len < 2 || len >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t ignored = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                             address_len);
    (void)ignored;
    close(fd);
}

uint64_t notify_watchdog_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    unsigned long long usec = 0;
    unsigned long long wanted = 0;
    if (!str_to_u64(str_of(getenv("WATCHDOG_USEC")), &usec)) {
        return 0;
    }
    if (pid != NULL && (!str_to_u64(str_of(pid), &wanted) || wanted != (unsigned)getpid())) {
        return 0;
    }
    return usec / 2000;
}

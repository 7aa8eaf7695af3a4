/* notify.h - tells systemd how the service is (sd_notify's protocol). Without
 * NOTIFY_SOCKET every call does nothing. */
#pragma once
#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=...", "WATCHDOG=1"; several parted by '\n'. */
void notify_send(const char *state);
/* How often WATCHDOG=1 must be sent, half of what systemd allows; 0: not at all. */
uint64_t notify_watchdog_ms(void);

/* check.h - assertions that stay on in release.
 *
 * CHECK states what the code believes. A broken belief stops the process with
 * the place and the words: acknowledged records are on the disk, so a restart
 * loses nothing, while going on could.
 */
#pragma once

_Noreturn void check_failed(const char *file, int line, const char *words);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            check_failed(__FILE__, __LINE__, #condition);                                          \
        }                                                                                          \
    } while (0)
#define UNREACHABLE(words) check_failed(__FILE__, __LINE__, words)

/* check.c - the last words of a process whose belief was broken. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *words)
{
    fprintf(stderr, "nexus: %s:%d: belief broken: %s\n", file, line, words);
    fflush(stderr);
    abort();
}

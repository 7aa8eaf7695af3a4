/* trust.c - see trust.h. */
#include "client/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool trust_list_path(char *out, size_t out_len)
{
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (xdg != NULL && xdg[0] == '/') {
        snprintf(out, out_len, "%s/nexus", xdg);
    } else if (home != NULL && home[0] == '/') {
        snprintf(out, out_len, "%s/.config/nexus", home);
    } else {
        errno = ENOENT;
        return false;
    }
    return true;
}

static bool list_file(char *out, size_t out_len)
{
    char dir[PATH_MAX];
    if (!trust_list_path(dir, sizeof dir)) {
        return false;
    }
    return snprintf(out, out_len, "%s/trusted", dir) < (int)out_len;
}

bool trust_has(const char *dir)
{
    char path[PATH_MAX], real[PATH_MAX], line[PATH_MAX + 2];
    if (!list_file(path, sizeof path) || realpath(dir, real) == NULL) {
        return false;
    }
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = strcmp(line, real) == 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static void make_dirs(char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(path, 0700);
            *at = '/';
        }
    }
    (void)mkdir(path, 0700);
}

bool trust_add(const char *dir)
{
    char path[PATH_MAX], list_dir[PATH_MAX], real[PATH_MAX];
    if (realpath(dir, real) == NULL || !trust_list_path(list_dir, sizeof list_dir) ||
        !list_file(path, sizeof path)) {
        return false;
    }
    if (trust_has(dir)) {
        return true;
    }
    make_dirs(list_dir);
    FILE *file = fopen(path, "ae");
    if (file == NULL) {
        return false;
    }
    bool written = fprintf(file, "%s\n", real) > 0;
    return fclose(file) == 0 && written;
}

bool trust_remove(const char *dir)
{
    char path[PATH_MAX], next[PATH_MAX + 8], real[PATH_MAX], line[PATH_MAX + 2];
    if (realpath(dir, real) == NULL || !list_file(path, sizeof path)) {
        return false;
    }
    FILE *from = fopen(path, "re");
    if (from == NULL) {
        return errno == ENOENT;
    }
    snprintf(next, sizeof next, "%s.new", path);
    FILE *to = fopen(next, "we");
    bool written = to != NULL;
    while (written && fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, real) != 0) {
            written = fprintf(to, "%s\n", line) > 0;
        }
    }
    fclose(from);
    written = to != NULL && fclose(to) == 0 && written;
    return written && rename(next, path) == 0;
}

/* json_cases_test.c - the published parser cases: y_ must be read, n_ refused, i_
 * may go either way. Two of the y_ cases repeat a key; the daemon refuses those by
 * default and takes them when asked to.
 */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct tally {
    int files;
    int wrong;
    int repeated;
};

static bool parses(struct str text, bool repeat_keys, struct json_error *out_error)
{
    struct arena arena = {0};
    struct json *value;
    struct json_limits limits = {.repeat_keys = repeat_keys};
    bool ok = json_parse(&arena, text, &limits, &value, out_error);
    arena_deinit(&arena);
    return ok;
}

static struct str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long end = ftell(file);
    assert_in_range(end, 0, 1 << 24);
    rewind(file);
    /* Exactly as large as the text, so that a sanitizer sees a byte read too far. */
    char *bytes = malloc((size_t)end > 0 ? (size_t)end : 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)end, file), (size_t)end);
    assert_int_equal(fclose(file), 0);
    return str_n(bytes, (size_t)end);
}

static void judge(const char *directory, const char *name, struct tally *tally)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    struct str text = read_file(path);
    struct json_error error = {0};
    bool ok = parses(text, true, &error);
    bool wrong = (name[0] == 'y' && !ok) || (name[0] == 'n' && ok);
    if (wrong) {
        print_error("%s: %s\n", name, ok ? "accepted" : error.cause);
    }
    bool strict = parses(text, false, &error);
    if (strict != ok) {
        wrong = wrong || strict || !str_is(str_of(error.cause), "duplicate key");
        tally->repeated++;
    }
    tally->files++;
    tally->wrong += wrong;
    free((void *)(uintptr_t)text.at);
}

static bool cases_directory(char *out, size_t cap)
{
    const char *data = getenv("NEXUS_SHARED_DATA");
    const char *source = getenv("NEXUS_SOURCE");
    if (data != NULL) {
        (void)snprintf(out, cap, "%s/json/test_parsing", data);
        return true;
    }
    if (source != NULL) {
        (void)snprintf(out, cap, "%s/../shared/data/json/test_parsing", source);
    }
    return source != NULL;
}

static void test_published_cases(void **state)
{
    (void)state;
    char path[2048];
    DIR *directory = cases_directory(path, sizeof path) ? opendir(path) : NULL;
    if (directory == NULL) {
        print_message("skipped: the published JSON cases are not here (NEXUS_SHARED_DATA)\n");
        skip();
        return;
    }
    struct tally tally = {0};
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (strlen(entry->d_name) > 2 && entry->d_name[1] == '_') {
            judge(path, entry->d_name, &tally);
        }
    }
    (void)closedir(directory);
    print_message("%d cases, %d wrong\n", tally.files, tally.wrong);
    assert_in_range(tally.files, 300, 10000);
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.repeated, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tidy_include.c - who may include what.
 *
 * The build already hides upper components; this says so in words, and guards the
 * doors that a compiler leaves open: relative paths, the system's headers in pure
 * components, libraries that have one owner.
 */
#include "tidy.h"

#include <stdio.h>
#include <string.h>

/* What strict C17 offers without touching the machine it runs on. */
static const char *const plain_headers[] = {
    "assert.h", "ctype.h",  "errno.h",  "float.h",    "inttypes.h",
    "limits.h", "math.h",   "stdarg.h", "stdalign.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdio.h",  "stdlib.h",   "string.h",
};

/* Libraries with one owner. */
static const struct {
    const char *header;
    const char *owner;
} owned[] = {{"openssl/", "crypto"}, {"llhttp", "gateway"}, {"uv.h", "host"}};

/* Where an include stands, and what it names. */
struct include {
    const char *component; /* of the including file */
    size_t component_len;
    int floor;
    const char *name; /* between the quotes or brackets */
    size_t name_len;
};

static bool name_has_prefix(const struct include *include, const char *prefix)
{
    return include->name_len >= strlen(prefix) &&
           memcmp(include->name, prefix, strlen(prefix)) == 0;
}

/* "a/x.h" of a/x.c, or "a/x_internal.h", which includes it. */
static bool is_own(const struct include *include, const char *own)
{
    char internal[4096];
    snprintf(internal, sizeof internal, "%.*s_internal.h", (int)strlen(own) - 2, own);
    return name_has_prefix(include, own) || name_has_prefix(include, internal);
}

static void check_system(struct tidy *tidy, const struct source *source, size_t number,
                         const struct include *include)
{
    int len = (int)include->name_len;
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        if (name_has_prefix(include, owned[i].header)) {
            if (strncmp(include->component, owned[i].owner, include->component_len) != 0) {
                report(tidy, source, number, "<%.*s> belongs to %s; call it through there", len,
                       include->name, owned[i].owner);
            }
            return;
        }
    }
    if (include->floor >= floor_of(tidy, "host", 4) && floor_of(tidy, "host", 4) != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof plain_headers / sizeof plain_headers[0]; i++) {
        if (strlen(plain_headers[i]) == include->name_len &&
            name_has_prefix(include, plain_headers[i])) {
            return;
        }
    }
    if (len > 8 && memcmp(include->name + len - 8, "intrin.h", 8) == 0) {
        return; /* instructions of the processor, which ask nobody */
    }
    report(tidy, source, number,
           "<%.*s> in a pure component; the host does this, through base/io.h", len, include->name);
}

static void check_component(struct tidy *tidy, const struct source *source, size_t number,
                            const struct include *include)
{
    int len = (int)include->name_len;
    const char *slash = memchr(include->name, '/', include->name_len);
    if (slash == NULL || memmem(include->name, include->name_len, "..", 2) != NULL) {
        report(tidy, source, number, "\"%.*s\": write \"component/file.h\"", len, include->name);
        return;
    }
    size_t component_len = (size_t)(slash - include->name);
    int floor = floor_of(tidy, include->name, component_len);
    bool own = component_len == include->component_len &&
               memcmp(include->name, include->component, component_len) == 0;
    if (floor == 0) {
        report(tidy, source, number, "\"%.*s\": no such component in src/components", len,
               include->name);
    } else if (!own && floor >= include->floor) {
        report(tidy, source, number, "%.*s may not use %.*s: see the order in src/components",
               (int)include->component_len, include->component, (int)component_len, include->name);
    } else if (!own && memmem(include->name, include->name_len, "_internal.h", 11) != NULL) {
        report(tidy, source, number, "\"%.*s\" is for its own component only", len, include->name);
    }
}

/* The file's own header, "" when it has none. */
static void own_header(const struct source *source, char *out, size_t out_size)
{
    snprintf(out, out_size, "%.*s.h", (int)strlen(source->path) - 2, source->path);
    if (!has_suffix(source->path, ".c") || !exists(out)) {
        out[0] = 0;
    } else {
        memmove(out, out + 4, strlen(out + 4) + 1); /* without "src/" */
    }
}

void check_includes(struct tidy *tidy, const struct source *source)
{
    if (!has_prefix(source->path, "src/")) {
        return;
    }
    struct include include = {.component = source->path + 4};
    include.component_len = strcspn(include.component, "/");
    include.floor = floor_of(tidy, include.component, include.component_len);
    if (include.floor == 0) {
        report(tidy, source, 1, "'%.*s' is missing in src/components", (int)include.component_len,
               include.component);
        return;
    }
    char own[4096];
    own_header(source, own, sizeof own);
    bool first = true;
    size_t number = 1;
    for (const char *line = source->text; *line != 0; number++) {
        size_t len = strcspn(line, "\n");
        if (source->code[line - source->text] == '#' && has_prefix(line, "#include ")) {
            char close = line[9] == '<' ? '>' : '"';
            include.name = line + 10;
            const char *end = memchr(include.name, close, len - 9);
            include.name_len = end == NULL ? 0 : (size_t)(end - include.name);
            if (first && own[0] != 0 && !is_own(&include, own)) {
                report(tidy, source, number, "a file includes its own header first: \"%s\"", own);
            }
            first = false;
            if (close == '"') {
                check_component(tidy, source, number, &include);
            } else if (!is_proof(source->path)) {
                check_system(tidy, source, number, &include);
            }
        }
        line += len + (line[len] == '\n');
    }
}

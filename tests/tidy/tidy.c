/* tidy.c - the source checks itself: tidy ROOT
 *
 * Reads every text file of the tree and holds it against the rules of the house:
 * the order of components, lengths, banned calls (naming what to call instead), marks
 * of unfinished work, dead links. No parser: blanking comments and strings, and one
 * fixed layout of the code, make plain searching exact enough. Each finding is one line,
 * path:line: words. tests/tidy_test.sh plants every defect and expects it found.
 *
 * A rule that must be broken once is broken in the open, on that line:
 *     free(line); // tidy: allow free, the buffer is getline's
 */
#include "tidy.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void report(struct tidy *tidy, const struct source *source, size_t line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s:%zu: ", source->path, line);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    tidy->findings_count++;
}

bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

bool is_proof(const char *path)
{
    return has_prefix(path, "tests/") || has_prefix(path, "bench/") ||
           has_suffix(path, "_test.c") || has_suffix(path, "_test.h") ||
           has_suffix(path, "_fuzz.c") || has_suffix(path, "_bench.c");
}

int floor_of(const struct tidy *tidy, const char *name, size_t name_len)
{
    for (size_t i = 0; i < tidy->components_count; i++) {
        const struct component *component = &tidy->components[i];
        if (strlen(component->name) == name_len && memcmp(component->name, name, name_len) == 0) {
            return component->floor;
        }
    }
    return 0;
}

bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

void each_line(struct tidy *tidy, const struct source *source, const char *text,
               line_visitor *visit)
{
    const char *end = text + source->len;
    size_t number = 1;
    for (const char *line = text; line < end; number++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((newline == NULL ? end : newline) - line);
        visit(tidy, source, number, line, len);
        line += len + 1;
    }
}

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

const char *find_word(const char *line, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t i = 0; i + word_len <= len; i++) {
        if (memcmp(line + i, word, word_len) == 0 && (i == 0 || !is_word(line[i - 1])) &&
            (i + word_len == len || !is_word(line[i + word_len]))) {
            return line + i;
        }
    }
    return NULL;
}

/* Blanks comments, and what stands between quotes; newlines stay. */
static void blank(char *code, size_t len)
{
    enum { PLAIN, LINE, BLOCK, QUOTE } in = PLAIN;
    char quote = 0;
    for (size_t i = 0; i < len; i++) {
        char byte = code[i];
        char next = i + 1 < len ? code[i + 1] : 0;
        if (byte == '\n') {
            in = in == BLOCK ? BLOCK : PLAIN;
            continue;
        }
        if (in == PLAIN) {
            if (byte == '/' && (next == '/' || next == '*')) {
                in = next == '/' ? LINE : BLOCK;
                code[i++] = ' ';
                code[i] = ' ';
            } else if (byte == '"' || byte == '\'') {
                in = QUOTE;
                quote = byte;
            }
            continue;
        }
        if (in == QUOTE && byte == quote) {
            in = PLAIN;
            continue;
        }
        code[i] = ' ';
        if (in == QUOTE && byte == '\\' && next != '\n' && next != 0) {
            code[++i] = ' ';
        } else if (in == BLOCK && byte == '*' && next == '/') {
            code[++i] = ' ';
            in = PLAIN;
        }
    }
}

static bool is_text(const char *path)
{
    static const char *const suffixes[] = {".c",   ".h",       ".sh",   ".build", ".md",
                                           ".txt", ".js",      ".tbl",  ".scd",   ".yaml",
                                           ".in",  "Makefile", ".html", ".css",   ".service"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (has_suffix(path, suffixes[i])) {
            return true;
        }
    }
    return has_prefix(path, "tools/") || has_prefix(path, ".ci/") || has_prefix(path, "bench/");
}

static void check_file(struct tidy *tidy, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return; /* it went while we looked: an editor's temporary file */
    }
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    rewind(file);
    struct source source = {.path = path, .len = end > 0 ? (size_t)end : 0};
    source.text = malloc(source.len + 1);
    source.code = malloc(source.len + 1);
    if (source.text == NULL || source.code == NULL) {
        exit(2);
    }
    source.len = fread(source.text, 1, source.len, file);
    fclose(file);
    source.text[source.len] = 0;
    if (memchr(source.text, 0, source.len) == NULL) {
        memcpy(source.code, source.text, source.len + 1);
        tidy->files_count++;
        check_text(tidy, &source);
        if (has_suffix(path, ".md") && !has_prefix(path, "tests/")) {
            check_links(tidy, &source);
        }
        if (has_suffix(path, ".c") || has_suffix(path, ".h")) {
            blank(source.code, source.len);
            check_includes(tidy, &source);
            check_code(tidy, &source);
        }
    }
    free(source.text);
    free(source.code);
}

/* Directories that hold no source of ours. */
static bool skip_directory(const char *path, const char *name)
{
    return (name[0] == '.' && strcmp(name, ".ci") != 0) || has_prefix(path, "build") ||
           strcmp(name, "node_modules") == 0 || has_suffix(name, ".corpus") ||
           has_prefix(path, "tests/data");
}

static void walk(struct tidy *tidy, const char *directory)
{
    struct dirent **names = NULL;
    int count = scandir(directory[0] == 0 ? "." : directory, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        char path[4096];
        snprintf(path, sizeof path, "%s%s%s", directory, directory[0] == 0 ? "" : "/", name);
        struct stat status;
        if (lstat(path, &status) == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            if (S_ISDIR(status.st_mode) && !skip_directory(path, name)) {
                walk(tidy, path);
            } else if (S_ISREG(status.st_mode) && is_text(path)) {
                check_file(tidy, path);
            }
        }
        free(names[i]);
    }
    free(names);
}

static bool read_components(struct tidy *tidy)
{
    const char *path = "src/components";
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    char line[1024];
    int floor = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "#\n")] = 0;
        char *rest = NULL;
        char *name = strtok_r(line, " \t", &rest);
        floor += name != NULL;
        for (; name != NULL; name = strtok_r(NULL, " \t", &rest)) {
            struct component *component = &tidy->components[tidy->components_count];
            if (tidy->components_count == COMPONENTS_MAX || strlen(name) >= NAME_BYTES_MAX) {
                fprintf(stderr, "%s: too many components, or one with a long name\n", path);
                fclose(file);
                return false;
            }
            memcpy(component->name, name, strlen(name) + 1);
            component->floor = floor;
            tidy->components_count++;
        }
    }
    fclose(file);
    return true;
}

int main(int argc, char **argv)
{
    struct tidy tidy = {0};
    if (argc > 1 && chdir(argv[1]) != 0) {
        perror(argv[1]);
        return 2;
    }
    if (!read_components(&tidy)) {
        return 2;
    }
    walk(&tidy, "");
    printf("%zu files, %zu findings\n", tidy.files_count, tidy.findings_count);
    return tidy.findings_count == 0 ? 0 : 1;
}

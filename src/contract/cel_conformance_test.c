/* cel_conformance_test.c - the language's own tests (google/cel-spec, tests/simple), as far as
 * cel_conformance.txt claims them: one line file/section/test for each.
 *
 * The data lies outside the tree; without it the test says so and is skipped. With --list
 * the program prints every test that passes, which is how the list of claims is made.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "contract/cel.h"
#include "contract/textproto_test.h"

#define VARIABLES_MAX 8

static const char *const files[] = {
    "basic", "comparisons", "conversions", "fields", "fp_math",  "integer_math", "lists",
    "logic", "macros",      "namespace",   "parse",  "plumbing", "string",       "timestamps",
};

static bool read_file(struct arena *arena, const char *path, struct str *out_text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    CHECK(fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    char *text = arena_alloc(arena, (size_t)size + 1);
    size_t got = fread(text, 1, (size_t)size, file);
    CHECK(got == (size_t)size);
    text[got] = '\0';
    (void)fclose(file);
    *out_text = str_n(text, got);
    return true;
}

/* -- values ------------------------------------------------------------------------------ */

static bool to_value(struct arena *arena, const struct field *message, struct cel_value *out);

static bool to_list(struct arena *arena, const struct field *message, bool map,
                    struct cel_value *out)
{
    struct cel_value *items = arena_zalloc(arena, 2000 * sizeof *items);
    uint32_t count = 0;
    for (const struct field *f = message->first; f != NULL; f = f->next) {
        if (map) {
            if (!to_value(arena, proto_get(f, "key"), &items[2 * count]) ||
                !to_value(arena, proto_get(f, "value"), &items[2 * count + 1])) {
                return false;
            }
        } else if (!to_value(arena, f, &items[count])) {
            return false;
        }
        count++;
    }
    *out = (struct cel_value){.kind = map ? CEL_MAP : CEL_LIST, .len = count, .items = items};
    return true;
}

static bool to_object(const struct field *object, struct cel_value *out)
{
    const struct field *f = object->first;
    bool duration = f != NULL && str_ends(f->name, STR("google.protobuf.Duration]"));
    if (!duration && (f == NULL || !str_ends(f->name, STR("google.protobuf.Timestamp]")))) {
        return false;
    }
    long long seconds = 0;
    long long nanos = 0;
    (void)str_to_i64(proto_text(f, "seconds"), &seconds);
    (void)str_to_i64(proto_text(f, "nanos"), &nanos);
    seconds -= nanos < 0 ? 1 : 0;
    nanos += nanos < 0 ? 1000000000 : 0;
    *out = cel_time(duration ? CEL_DURATION : CEL_TIMESTAMP, seconds, (uint32_t)nanos);
    return true;
}

static bool to_type(struct str name, struct cel_value *out)
{
    for (int kind = CEL_NULL; kind < CEL_DYN; kind++) {
        if (str_is(name, cel_kind_word((enum cel_kind)kind))) {
            *out = (struct cel_value){.kind = CEL_TYPE, .integer = kind};
            return true;
        }
    }
    return false;
}

static bool to_scalar(const struct field *f, struct cel_value *out)
{
    long long i = 0;
    unsigned long long u = 0;
    if (str_is(f->name, "int64_value")) {
        (void)str_to_i64(f->text, &i);
        *out = cel_int(i);
    } else if (str_is(f->name, "uint64_value")) {
        (void)str_to_u64(f->text, &u);
        *out = (struct cel_value){.kind = CEL_UINT, .natural = u};
    } else if (str_is(f->name, "double_value")) {
        char text[64];
        (void)snprintf(text, sizeof text, "%.*s", STR_ARG(f->text));
        *out = cel_double(strtod(text, NULL));
    } else if (str_is(f->name, "string_value") || str_is(f->name, "bytes_value")) {
        *out = cel_string(f->text);
        out->kind = f->name.at[0] == 's' ? CEL_STRING : CEL_BYTES;
    } else if (str_is(f->name, "bool_value")) {
        *out = cel_bool(str_is(f->text, "true"));
    } else if (str_is(f->name, "null_value")) {
        *out = (struct cel_value){.kind = CEL_NULL};
    } else if (str_is(f->name, "type_value")) {
        return to_type(f->text, out);
    } else {
        return false;
    }
    return true;
}

static bool to_value(struct arena *arena, const struct field *message, struct cel_value *out)
{
    const struct field *f = message == NULL ? NULL : message->first;
    if (f == NULL) {
        return false;
    }
    if (str_is(f->name, "list_value")) {
        return to_list(arena, f, false, out);
    }
    if (str_is(f->name, "map_value")) {
        return to_list(arena, f, true, out);
    }
    return str_is(f->name, "object_value") ? to_object(f, out) : to_scalar(f, out);
}

/* Stricter than the language: 1 is not 1.0 here, and NaN is NaN. */
static bool identical(struct cel_value a, struct cel_value b)
{
    if (a.kind != b.kind || a.len != b.len) {
        return false;
    }
    if (a.kind == CEL_DOUBLE) {
        return isnan(a.number) ? isnan(b.number) : a.number == b.number;
    }
    if (a.kind == CEL_LIST) {
        for (uint32_t i = 0; i < a.len; i++) {
            if (!identical(a.items[i], b.items[i])) {
                return false;
            }
        }
        return true;
    }
    return cel_equal(a, b);
}

/* -- one test ------------------------------------------------------------------------------ */

struct setting {
    struct cel_env env;
    struct cel_variable variables[VARIABLES_MAX];
    struct cel_shape shapes[VARIABLES_MAX];
    struct cel_value values[VARIABLES_MAX];
};

static size_t variable_of(struct setting *s, struct str name)
{
    for (size_t i = 0; i < s->env.count; i++) {
        if (str_eq(s->variables[i].name, name)) {
            return i;
        }
    }
    size_t i = s->env.count++;
    CHECK(i < VARIABLES_MAX);
    s->shapes[i] = (struct cel_shape){.kind = CEL_DYN, .items = 50, .bytes = 1000, .total = 2000};
    s->variables[i] = (struct cel_variable){.name = name, .shape = &s->shapes[i]};
    s->values[i] = cel_error("no value");
    return i;
}

static enum cel_kind kind_of(const struct field *declaration)
{
    static const struct {
        const char *word;
        enum cel_kind kind;
    } kinds[] = {{"BOOL", CEL_BOOL},     {"INT64", CEL_INT},     {"UINT64", CEL_UINT},
                 {"DOUBLE", CEL_DOUBLE}, {"STRING", CEL_STRING}, {"BYTES", CEL_BYTES}};
    const struct field *type = proto_get(proto_get(declaration, "ident"), "type");
    struct str primitive = proto_text(type, "primitive");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (str_is(primitive, kinds[i].word)) {
            return kinds[i].kind;
        }
    }
    return proto_get(type, "list_type") != NULL  ? CEL_LIST
           : proto_get(type, "map_type") != NULL ? CEL_MAP
                                                 : CEL_DYN;
}

static bool prepare(struct arena *arena, const struct field *test, struct setting *s)
{
    s->env.variables = s->variables;
    s->env.container = proto_text(test, "container");
    s->env.unchecked = str_is(proto_text(test, "disable_check"), "true");
    s->env.limits = (struct cel_limits){.cost = UINT64_MAX, .memory_bytes = 1 << 20};
    for (const struct field *f = test->first; f != NULL; f = f->next) {
        if (str_is(f->name, "type_env")) {
            size_t i = variable_of(s, proto_text(f, "name"));
            s->shapes[i].kind = kind_of(f);
            if (s->shapes[i].kind != CEL_DYN && s->shapes[i].kind != CEL_LIST &&
                s->shapes[i].kind != CEL_MAP) {
                s->shapes[i].items = 0;
            }
        } else if (str_is(f->name, "bindings")) {
            size_t i = variable_of(s, proto_text(f, "key"));
            if (!to_value(arena, proto_get(proto_get(f, "value"), "value"), &s->values[i])) {
                return false;
            }
        }
    }
    return true;
}

/* NULL: passed; else why not. */
static const char *try_test(struct arena *arena, const struct field *test)
{
    struct setting s = {0};
    struct cel_value want = cel_bool(true);
    const struct field *value = proto_get(test, "value");
    bool want_error = proto_get(test, "eval_error") != NULL;
    if (proto_get(test, "typed_result") != NULL || proto_get(test, "check_only") != NULL ||
        proto_get(test, "any_eval_errors") != NULL || proto_get(test, "unknown") != NULL) {
        return "asks for something else than a value";
    }
    if (!prepare(arena, test, &s) || (value != NULL && !to_value(arena, value, &want))) {
        return "a value outside of the subset";
    }
    struct cel_program program;
    struct cel_problem problem;
    if (!cel_compile(arena, proto_text(test, "expr"), &s.env, &program, &problem)) {
        return arena_printf(arena, "refused: %s", problem.cause).at;
    }
    struct cel_run run = {.vars = s.values, .memory_len = 1 << 20};
    run.memory = mem_alloc(run.memory_len);
    struct cel_value got = cel_eval(&program, &run);
    const char *why = NULL;
    if (run.steps > program.cost || run.memory_used > program.memory) {
        why = "it cost more than was computed";
    } else if (want_error ? got.kind != CEL_ERROR : !identical(got, want)) {
        struct buf text = {0};
        cel_print(&text, got, 200);
        why = arena_printf(arena, "gave %s", buf_cstr(&text)).at;
        buf_deinit(&text);
    }
    mem_free(run.memory);
    return why;
}

/* -- all of them ----------------------------------------------------------------------------- */

struct tally {
    struct str claims;
    bool list;
    size_t claimed, failed, seen, passed;
};

static bool is_claimed(const struct tally *tally, struct str name)
{
    struct str rest = tally->claims;
    struct str line;
    while (str_cut(&rest, '\n', &line)) {
        if (str_eq(line, name)) {
            return true;
        }
    }
    return false;
}

static void run_file(struct tally *tally, const char *directory, const char *name)
{
    struct arena arena = {0};
    struct field root = {0};
    struct proto_reader reader = {.arena = &arena};
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.textproto", directory, name);
    if (read_file(&arena, path, &reader.text)) {
        proto_fields(&reader, &root);
    }
    for (const struct field *section = root.first; section != NULL; section = section->next) {
        for (const struct field *test = section->first; test != NULL; test = test->next) {
            if (!str_is(test->name, "test")) {
                continue;
            }
            struct str full =
                arena_printf(&arena, "%s/%.*s/%.*s", name, STR_ARG(proto_text(section, "name")),
                             STR_ARG(proto_text(test, "name")));
            bool claimed = is_claimed(tally, full);
            const char *why = try_test(&arena, test);
            tally->seen++;
            tally->passed += why == NULL ? 1 : 0;
            tally->claimed += claimed ? 1 : 0;
            if (tally->list) {
                (void)printf("%s%.*s%s%s\n", why == NULL ? "" : "# ", STR_ARG(full),
                             why == NULL ? "" : ": ", why == NULL ? "" : why);
            } else if (claimed && why != NULL) {
                tally->failed++;
                (void)printf("# failed: %.*s: %s\n", STR_ARG(full), why);
            }
        }
    }
    arena_deinit(&arena);
}

static void data_directory(char *out, size_t max)
{
    const char *shared = getenv("NEXUS_SHARED_DATA");
    const char *source = getenv("NEXUS_SOURCE");
    if (shared != NULL) {
        (void)snprintf(out, max, "%s/cel", shared);
    } else {
        (void)snprintf(out, max, "%s/../shared/data/cel", source == NULL ? "." : source);
    }
}

static void test_claims(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct tally tally = {0};
    struct str probe;
    char directory[400];
    char path[512];
    data_directory(directory, sizeof directory);
    (void)snprintf(path, sizeof path, "%s/basic.textproto", directory);
    if (!read_file(&arena, path, &probe)) {
        (void)printf("# the conformance data is not at %s: skipped\n", directory);
        arena_deinit(&arena);
        skip();
    }
    const char *source = getenv("NEXUS_SOURCE");
    (void)snprintf(path, sizeof path, "%s/src/contract/cel_conformance.txt",
                   source == NULL ? "." : source);
    assert_true(read_file(&arena, path, &tally.claims));
    size_t lines = 0;
    struct str rest = tally.claims;
    struct str line;
    while (str_cut(&rest, '\n', &line)) {
        lines += line.len > 0 && line.at[0] != '#' ? 1 : 0;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        run_file(&tally, directory, files[i]);
    }
    (void)printf("# %zu claimed, %zu failed; %zu of %zu in the data pass\n", tally.claimed,
                 tally.failed, tally.passed, tally.seen);
    assert_int_equal(tally.failed, 0);
    assert_int_equal(tally.claimed, lines); /* a claim without a test is a claim of nothing */
    assert_true(lines > 900);
    arena_deinit(&arena);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        char directory[400];
        struct tally tally = {.list = true};
        data_directory(directory, sizeof directory);
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            run_file(&tally, directory, files[i]);
        }
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_claims)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

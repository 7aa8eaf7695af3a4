/* cel_fuzz.c - expressions from bytes: refused with a place, or compiled and evaluated within
 * the steps and the memory that the compiler has promised, twice with the same result.
 */
#include "base/check.h"
#include "base/mem.h"
#include "contract/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The ceilings are those of what is there, so that too low a bound shows. */
#define TEXT  56u
#define ITEMS 10u
#define LONG  "0123456789abcdef0123456789abcdef0123456789abcd"

static const struct cel_shape shapes[] = {
    {.kind = CEL_STRING, .bytes = TEXT, .total = 1 + TEXT / 16},
    {.kind = CEL_DYN, .bytes = TEXT, .items = ITEMS, .total = 1 + ITEMS + TEXT / 16},
    {.kind = CEL_INT, .total = 1},
    {.kind = CEL_TIMESTAMP, .total = 1},
    {.kind = CEL_BOOL, .total = 1},
};

static void evaluate(const struct cel_program *program, const struct json *json, size_t len)
{
    struct cel_value first = {0};
    struct buf shown[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        struct cel_value vars[] = {
            cel_string(STR(LONG)), cel_of_json(json),
            cel_int((int64_t)len), cel_time(CEL_TIMESTAMP, 1700000000, 5),
            cel_bool(true),
        };
        struct cel_run run = {.vars = vars, .memory_len = program->memory + 16};
        run.memory = mem_alloc(run.memory_len);
        struct cel_value value = cel_eval(program, &run);
        CHECK(run.steps <= program->cost);
        CHECK(run.memory_used <= program->memory);
        CHECK(program->kind == CEL_DYN || value.kind == CEL_ERROR || value.kind == program->kind);
        CHECK(i == 0 || value.kind == first.kind);
        first = value;
        cel_print(&shown[i], value, 200);
        mem_free(run.memory);
    }
    CHECK(str_eq(buf_str(&shown[0]), buf_str(&shown[1])));
    buf_deinit(&shown[0]);
    buf_deinit(&shown[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char document[] =
        "{\"a\":[1,2.5,\"" LONG "\",null,{\"k\":true}],\"unit\":\"ms\",\"v\":-3}";
    const struct cel_variable variables[] = {
        {STR("topic"), &shapes[0]}, {STR("content"), &shapes[1]}, {STR("priority"), &shapes[2]},
        {STR("at"), &shapes[3]},    {STR("offer"), &shapes[4]},
    };
    struct arena life = {0};
    struct json *json = NULL;
    struct json_error error;
    bool read = json_parse(&life, STR(document), NULL, &json, &error);
    CHECK(read);
    struct cel_env env = {.variables = variables, .count = 5};
    env.limits.cost = 200000;
    env.limits.memory_bytes = 65536;
    for (int unchecked = 0; unchecked < 2; unchecked++) {
        struct cel_program program;
        struct cel_problem problem;
        struct cel_part *parts = NULL;
        uint32_t count = 0;
        env.unchecked = unchecked == 1;
        if (!cel_compile(&life, str_n(bytes, len), &env, &program, &problem)) {
            CHECK(problem.cause[0] != '\0');
            CHECK(problem.offset <= len);
            continue;
        }
        CHECK(program.cost <= env.limits.cost && program.memory <= env.limits.memory_bytes);
        evaluate(&program, json, len);
        bool parted = cel_parts(&life, str_n(bytes, len), &env, &parts, &count, &problem);
        CHECK(parted && count > 0);
    }
    arena_deinit(&life);
    return 0;
}

/* cmd_contract.c - the rules of a board: check a file, compare, put into force, explain.
 *
 * `check` reads the file with the daemon's own compiler and asks nobody; the others speak of
 * the board. A file with a mistake changes nothing: the contract in force stays.
 */
#include <stdio.h>

#include "client/cmd.h"
#include "contract/contract.h"

#define CONTRACT_BYTES_MAX (256u << 10)

static void write_problems(const struct nex_problems *problems, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out, false);
    jw_object(&w);
    jw_kv_bool(&w, "valid", problems->total == 0);
    jw_key(&w, "problems");
    jw_array(&w);
    for (uint32_t i = 0; i < problems->count; i++) {
        const struct nex_problem *p = &problems->items[i];
        jw_object(&w);
        jw_kv_uint(&w, "line", p->place.line);
        jw_kv_uint(&w, "column", p->place.column);
        jw_kv_text(&w, "cause", p->cause);
        jw_kv_text(&w, "cure", p->cure);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    buf_add_byte(out, '\n');
}

static int check(struct session *s, const struct parsed *p)
{
    static const struct nex_problems none;
    struct nex_problems problems = none;
    struct buf text = {0}, words = {0};
    int code = cmd_read_file(s, p->args[0], CONTRACT_BYTES_MAX, &text);
    if (code != EXIT_OK) {
        buf_deinit(&text);
        return code;
    }
    struct contract *contract = contract_compile(buf_str(&text), NULL, &problems);
    if (s->json) {
        write_problems(&problems, &words);
        fputs(buf_cstr(&words), stdout);
    } else if (contract == NULL) {
        nex_problems_print(&words, p->args[0], &problems);
        fputs(buf_cstr(&words), stderr);
    } else {
        printf("%s: a valid contract; judging one record takes at most %llu steps\n", p->args[0],
               (unsigned long long)contract_cost(contract));
    }
    code = contract == NULL ? EXIT_USAGE : EXIT_OK;
    contract_free(contract);
    buf_deinit(&text);
    buf_deinit(&words);
    return code;
}

static void show_contract(struct session *s, const struct json *value)
{
    (void)s;
    printf("# %.*s, %s\n", STR_ARG(json_get_str(value, "hash", STR_NONE)),
           json_get_bool(value, "default", false) ? "the default contract" : "in force");
    print_safe(stdout, json_get_str(value, "text", STR_NONE), true);
}

static int show(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "GET", STR("/contract"), STR_NONE, show_contract);
}

/* {"text": the file} */
static int file_body(struct session *s, const struct parsed *p, struct str *out_body)
{
    struct buf text = {0}, body = {0};
    struct json_writer w;
    int code = cmd_read_file(s, p->args[0], CONTRACT_BYTES_MAX, &text);
    if (code == EXIT_OK) {
        jw_init(&w, &body, false);
        jw_object(&w);
        jw_kv_str(&w, "text", buf_str(&text));
        jw_object_end(&w);
        *out_body = cmd_end(s, &body);
    }
    buf_deinit(&text);
    return code;
}

static void show_differences(struct session *s, const struct json *value)
{
    const struct json *lines = json_get(value, "differences");
    (void)s;
    if (!json_get_bool(value, "valid", false)) {
        printf("not a valid contract; see: nexusctl contract check FILE\n");
        return;
    }
    if (lines == NULL || lines->count == 0) {
        printf("no difference in meaning to the contract in force\n");
    }
    for (const struct json *line = lines == NULL ? NULL : lines->first; line != NULL;
         line = line->next) {
        print_safe(stdout, line->string, false);
        printf("\n");
    }
}

static int diff(struct session *s, const struct parsed *p)
{
    struct str body;
    int code = file_body(s, p, &body);
    return code != EXIT_OK ? code
                           : cmd_call(s, "POST", STR("/contract/check"), body, show_differences);
}

static void show_activated(struct session *s, const struct json *value)
{
    (void)s;
    printf("in force: %.*s, for every record behind seq %lld\n",
           STR_ARG(json_get_str(value, "hash", STR_NONE)),
           (long long)json_get_int(value, "since_seq", 0));
}

static int activate(struct session *s, const struct parsed *p)
{
    struct str body;
    int code = file_body(s, p, &body);
    return code != EXIT_OK ? code : cmd_call(s, "POST", STR("/contract"), body, show_activated);
}

static void show_verdict(struct session *s, const struct json *value)
{
    (void)s;
    print_safe(stdout, json_get_str(value, "verdict", STR_NONE), true);
    printf("\ncontract %.*s\n", STR_ARG(json_get_str(value, "contract", STR_NONE)));
}

static int explain(struct session *s, const struct parsed *p)
{
    return cmd_call(s, "GET", session_path(s, "/contract/explain/", p->args[0], ""), STR_NONE,
                    show_verdict);
}

extern const struct command command_contract_check;
const struct command command_contract_check = {
    .noun = "contract",
    .verb = "check",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "say whether a contract is valid, and where it is not; asks no daemon",
    .offline = true,
    .run = check,
};
COMMAND_ROW(command_contract_show, "contract", "show", "", 0, 0, "the contract in force", NULL,
            show)
COMMAND_ROW(command_contract_diff, "contract", "diff", "FILE", 1, 1,
            "what a contract would change in meaning", NULL, diff)
COMMAND_ROW(command_contract_activate, "contract", "activate", "FILE", 1, 1,
            "put a contract into force; takes a human credential", NULL, activate)
COMMAND_ROW(command_contract_explain, "contract", "explain", "ID", 1, 1,
            "how the contract of its time judges a record", NULL, explain)

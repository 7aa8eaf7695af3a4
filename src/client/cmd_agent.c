/* cmd_agent.c - agents and boards. A token is shown once; the daemon keeps its hash only. */
#include <stdio.h>

#include "client/cmd.h"

static const struct option_row add_options[] = {
    {"role", 0, "ROLE", "agent (default), human or reader"},
    {"capability", 0, "NAME", "what it can do; may be repeated"},
    {"public-key", 0, "HEX", "Ed25519 public key, 64 hex digits"},
    {"rotate", 0, NULL, "give an agent that exists a new token; the old one ends"},
    {NULL, 0, NULL, NULL},
};

static void show_new(struct session *s, const struct json *value)
{
    const struct json *agent = json_get(value, "agent");
    struct str name = agent != NULL && agent->kind == JSON_OBJECT
                          ? json_get_str(agent, "name", STR_NONE)
                          : json_get_str(value, "agent", STR_NONE);
    (void)s;
    printf("agent ");
    print_safe(stdout, name, false);
    printf("\ntoken %.*s\n\nIt is shown this once. Give it to the agent as NEXUS_TOKEN.\n",
           STR_ARG(json_get_str(value, "token", STR_NONE)));
}

static int add(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_text(&w, "name", p->args[0]);
    cmd_text(&w, "role", p, "role");
    cmd_list(&w, "capabilities", p, "capability");
    cmd_text(&w, "public_key", p, "public-key");
    if (parsed_has(p, "rotate")) {
        jw_kv_bool(&w, "rotate", true);
    }
    jw_object_end(&w);
    return cmd_call(s, "POST", STR("/agents"), cmd_end(s, &body), show_new);
}

static void show_agents(struct session *s, const struct json *value)
{
    const struct json *agents = json_get(value, "agents");
    if (agents == NULL || agents->count == 0) {
        printf("no agents; add one: nexusctl agent add NAME\n");
        return;
    }
    struct table table;
    table_begin(&table, &s->arena, 5);
    static const char *const head[] = {"NAME", "ROLE", "CLAIMS", "ADDED", "CAPABILITIES"};
    for (size_t i = 0; i < 5; i++) {
        table_add(&table, str_of(head[i]));
    }
    int64_t now_ms = print_now_ms();
    for (const struct json *a = agents->first; a != NULL; a = a->next) {
        struct buf text = {0};
        table_add(&table, json_get_str(a, "name", STR_NONE));
        table_add(&table, json_get_str(a, "role", STR_NONE));
        table_addf(&table, "%lld", (long long)json_get_int(a, "claims", 0));
        print_add_time(&text, json_get_int(a, "added_ms", 0), now_ms);
        table_add(&table, buf_str(&text));
        buf_clear(&text);
        const struct json *list = json_get(a, "capabilities");
        for (const struct json *c = list == NULL ? NULL : list->first; c != NULL; c = c->next) {
            buf_add_text(&text, text.len > 0 ? ", " : "");
            buf_add_str(&text, c->string);
        }
        table_add(&table, buf_str(&text));
        buf_deinit(&text);
    }
    table_print(&table, stdout, s->color);
}

static int list(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "GET", STR("/agents"), STR_NONE, show_agents);
}

static int show(struct session *s, const struct parsed *p)
{
    return cmd_call(s, "GET", session_path(s, "/agents/", p->args[0], ""), STR_NONE, show_record);
}

static void show_removed(struct session *s, const struct json *value)
{
    (void)s;
    printf("removed ");
    print_safe(stdout, json_get_str(value, "removed", STR_NONE), false);
    printf("; its claims are released\n");
}

static int removes(struct session *s, const struct parsed *p)
{
    return cmd_call(s, "DELETE", session_path(s, "/agents/", p->args[0], ""), STR_NONE,
                    show_removed);
}

static int board_add(struct session *s, const struct parsed *p)
{
    struct buf body = {0};
    struct json_writer w;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_text(&w, "name", p->args[0]);
    jw_object_end(&w);
    return cmd_call(s, "POST", STR("/boards"), cmd_end(s, &body), show_record);
}

static void show_boards(struct session *s, const struct json *value)
{
    const struct json *boards = json_get(value, "boards");
    (void)s;
    for (const struct json *b = boards == NULL ? NULL : boards->first; b != NULL; b = b->next) {
        struct str name = b->kind == JSON_STRING ? b->string : json_get_str(b, "name", STR_NONE);
        print_safe(stdout, name.len == 0 ? STR("(the main board)") : name, false);
        printf("\n");
    }
}

static int board_list(struct session *s, const struct parsed *p)
{
    (void)p;
    return cmd_call(s, "GET", STR("/boards"), STR_NONE, show_boards);
}

COMMAND_ROW(command_agent_add, "agent", "add", "NAME", 1, 1,
            "register an agent; its token is shown this once", add_options, add)
COMMAND_ROW(command_agent_list, "agent", "list", "", 0, 0, "list agents", NULL, list)
COMMAND_ROW(command_agent_show, "agent", "show", "NAME", 1, 1, "show an agent", NULL, show)
COMMAND_ROW(command_agent_remove, "agent", "remove", "NAME", 1, 1,
            "remove an agent's credential and release its claims", NULL, removes)
COMMAND_ROW(command_board_add, "board", "add", "NAME", 1, 1,
            "open another board, making it if need be", NULL, board_add)
COMMAND_ROW(command_board_list, "board", "list", "", 0, 0, "list the boards", NULL, board_list)

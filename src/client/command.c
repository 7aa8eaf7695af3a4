/* command.c - from a command line to a command: parsing by the table, help, and the words
 * for mistakes. See command.h. */
#include "client/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

const struct option_row global_options[] = {
    {"data", 0, "DIR", "data directory of the daemon (its socket and admin token)"},
    {"url", 0, "URL", "address of the daemon: http://HOST:PORT or unix:/PATH"},
    {"token", 0, "TOKEN", "credential; better in NEXUS_TOKEN, where others do not see it"},
    {"board", 0, "NAME", "another board of the same daemon"},
    {"json", 0, NULL, "machine-readable: one object (or one per line for streams) on stdout"},
    {"timeout", 0, "DURATION", "how long to wait for the daemon; default 30s"},
    {"idempotency-key", 0, "KEY", "name this request, so that sending it again does nothing"},
    {"no-color", 0, NULL, "no colours (so does NO_COLOR)"},
    {"help", 'h', NULL, "this text"},
    {NULL, 0, NULL, NULL},
};

const char *parsed_nth(const struct parsed *parsed, const char *name, size_t n)
{
    for (size_t i = 0; i < parsed->given_count; i++) {
        if (strcmp(parsed->given[i].option->name, name) == 0 && n-- == 0) {
            return parsed->given[i].value;
        }
    }
    return NULL;
}

const char *parsed_value(const struct parsed *parsed, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < parsed->given_count; i++) {
        if (strcmp(parsed->given[i].option->name, name) == 0) {
            found = parsed->given[i].value;
        }
    }
    return found;
}

bool parsed_has(const struct parsed *parsed, const char *name)
{
    return parsed_value(parsed, name) != NULL;
}

void parsed_wrong(const struct parsed *parsed, const char *format, ...)
{
    char words[400];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (parsed->wrong->len == 0) {
        trail_add(parsed->wrong, "%s", words);
    }
}

bool parsed_duration(const struct parsed *parsed, const char *name, uint64_t fallback,
                     uint64_t *out_ms)
{
    const char *value = parsed_value(parsed, name);
    *out_ms = fallback;
    if (value != NULL && !clock_parse_duration_ms(str_of(value), out_ms)) {
        parsed_wrong(parsed, "--%s: \"%s\" is no duration such as 250ms, 30s, 5m, 2h", name, value);
        return false;
    }
    return true;
}

bool parsed_number(const struct parsed *parsed, const char *name, uint64_t min, uint64_t max,
                   uint64_t fallback, uint64_t *out_number)
{
    const char *value = parsed_value(parsed, name);
    unsigned long long number = fallback;
    if (value != NULL && (!str_to_u64(str_of(value), &number) || number < min || number > max)) {
        parsed_wrong(parsed, "--%s: \"%s\" is no number from %llu to %llu", name, value,
                     (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *out_number = number;
    return true;
}

static void print_options(const struct option_row *options)
{
    for (const struct option_row *o = options; o != NULL && o->name != NULL; o++) {
        char left[80];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter == 0 ? "  " : "-",
                 o->letter == 0 ? ' ' : o->letter, o->letter == 0 ? " " : ", ", o->name,
                 o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
        printf("  %-32s %s\n", left, o->help);
    }
}

static void print_name(const struct command *c)
{
    printf("%s%s%s", c->noun, c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb);
}

void command_help(const struct command *command)
{
    printf("usage: nexusctl ");
    print_name(command);
    printf("%s%s [options]\n\n%s\n", command->args[0] == '\0' ? "" : " ", command->args,
           command->summary);
    if (command->options != NULL && command->options[0].name != NULL) {
        printf("\noptions:\n");
        print_options(command->options);
    }
    printf("\nfor every command:\n");
    print_options(global_options);
}

static void print_overview(void)
{
    printf("nexusctl - the command line of Nexus: one board on which agents and people work on\n"
           "one goal without stepping on each other.\n\nusage: nexusctl COMMAND [options]\n\n");
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        char left[80];
        const struct command *c = *at;
        if (!c->hidden) {
            snprintf(left, sizeof left, "%s%s%s %s", c->noun, c->verb == NULL ? "" : " ",
                     c->verb == NULL ? "" : c->verb, c->args);
            printf("  %-34s %s\n", left, c->summary);
        }
    }
    printf("\nfor every command:\n");
    print_options(global_options);
    printf("\nexit codes: 0 ok, 1 failed, 2 usage or invalid input, 3 not found, 4 conflict or\n"
           "already claimed, 5 stale epoch, 6 refused by contract or limit, 69 unavailable,\n"
           "77 not permitted\n");
}

/* *out_words: how many words name it. NULL: unknown. */
static const struct command *find_command(char *const *args, size_t count, size_t *out_words)
{
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        const struct command *c = *at;
        if (count < 1 || strcmp(args[0], c->noun) != 0) {
            continue;
        }
        if (c->verb == NULL) {
            *out_words = 1;
            return c;
        }
        if (count > 1 && strcmp(args[1], c->verb) == 0) {
            *out_words = 2;
            return c;
        }
    }
    return NULL;
}

static int unknown_command(struct session *s, char *const *args, size_t count)
{
    struct buf verbs = {0};
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        if (!(*at)->hidden && (*at)->verb != NULL && strcmp((*at)->noun, args[0]) == 0) {
            buf_printf(&verbs, "%s%s", verbs.len > 0 ? " | " : "", (*at)->verb);
        }
    }
    if (verbs.len == 0) {
        session_fail(s, EXIT_USAGE, "invalid", "nexusctl --help", "there is no command \"%s\"",
                     args[0]);
    } else {
        char next[400];
        snprintf(next, sizeof next, "nexusctl %s %s", args[0], buf_cstr(&verbs));
        if (count > 1 && args[1][0] != '-') {
            session_fail(s, EXIT_USAGE, "invalid", next, "there is no \"%s %s\"", args[0], args[1]);
        } else {
            session_fail(s, EXIT_USAGE, "invalid", next, "what is to be done with %s?", args[0]);
        }
    }
    buf_deinit(&verbs);
    return EXIT_USAGE;
}

static const struct option_row *row_of(const struct command *command, const char *name)
{
    for (const struct option_row *o = global_options; o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) {
            return o;
        }
    }
    for (const struct option_row *o = command->options; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) {
            return o;
        }
    }
    return NULL;
}

/* One table for getopt_long: the global rows and those of the command. */
static void fill_getopt(const struct command *command, struct option *longs, char *shorts)
{
    const struct option_row *lists[2] = {global_options, command->options};
    size_t count = 0, letters = 0;
    shorts[letters++] = ':'; /* a missing value is told apart from an unknown option */
    for (int list = 0; list < 2; list++) {
        for (const struct option_row *o = lists[list]; o != NULL && o->name != NULL; o++) {
            int taken = o->value == NULL ? no_argument : required_argument;
            longs[count++] = (struct option){o->name, taken, NULL, o->letter};
            if (o->letter != 0) {
                shorts[letters++] = o->letter;
                if (o->value != NULL) {
                    shorts[letters++] = ':';
                }
            }
        }
    }
    longs[count] = (struct option){0};
    shorts[letters] = '\0';
}

static bool parse_options(const struct command *command, int argc, char *argv[],
                          struct parsed *parsed)
{
    struct option longs[2 * OPTIONS_MAX + 1];
    char shorts[4 * OPTIONS_MAX];
    fill_getopt(command, longs, shorts);
    optind = 1;
    opterr = 0;
    for (;;) {
        int index = -1;
        int got = getopt_long(argc, argv, shorts, longs, &index);
        if (got == -1) {
            break;
        }
        if (got == '?' || got == ':') {
            parsed_wrong(parsed, got == ':' ? "%s needs a value" : "there is no option %s",
                         argv[optind - 1]);
            return false;
        }
        for (int i = 0; index < 0 && longs[i].name != NULL; i++) {
            index = longs[i].val == got ? i : -1;
        }
        const struct option_row *row = row_of(command, longs[index].name);
        if (parsed->given_count == VALUES_MAX || row == NULL) {
            parsed_wrong(parsed, "too many options");
            return false;
        }
        parsed->given[parsed->given_count++] =
            (struct given){row, row->value == NULL ? "" : optarg};
    }
    parsed->args = argv + optind;
    parsed->args_count = (size_t)(argc - optind);
    return true;
}

static bool take_word(char *out, size_t out_len, const struct parsed *parsed, const char *name)
{
    const char *value = parsed_value(parsed, name);
    if (value == NULL) {
        return false;
    }
    if (strlen(value) >= out_len) {
        fprintf(stderr, "nexusctl: --%s is too long\n", name);
        exit(EXIT_USAGE);
    }
    memcpy(out, value, strlen(value) + 1);
    return true;
}

static int prepare(struct session *s, const struct command *command, const struct parsed *parsed)
{
    s->json = parsed_has(parsed, "json");
    s->color = s->color && !parsed_has(parsed, "no-color");
    s->data_given = take_word(s->data_dir, sizeof s->data_dir, parsed, "data");
    s->url_given = take_word(s->url, sizeof s->url, parsed, "url");
    (void)take_word(s->http.token, sizeof s->http.token, parsed, "token");
    (void)take_word(s->board, sizeof s->board, parsed, "board");
    (void)take_word(s->idempotency_key, sizeof s->idempotency_key, parsed, "idempotency-key");
    if (!parsed_duration(parsed, "timeout", 30000, &s->http.timeout_ms)) {
        return EXIT_USAGE;
    }
    if (s->data_given && s->url_given) {
        return session_fail(s, EXIT_USAGE, "invalid", "give one of them",
                            "--data and --url both name a daemon");
    }
    if (parsed->args_count < command->args_min || parsed->args_count > command->args_max) {
        parsed_wrong(parsed,
                     parsed->args_count > command->args_max
                         ? "there are more words than it takes; the usage is: nexusctl %s%s%s %s"
                         : "something is missing; the usage is: nexusctl %s%s%s %s",
                     command->noun, command->verb == NULL ? "" : " ",
                     command->verb == NULL ? "" : command->verb, command->args);
        return EXIT_USAGE;
    }
    return command->offline ? EXIT_OK : session_resolve(s);
}

/* Moves options before the command's name behind it, so that both places work. */
static void names_first(int argc, char *argv[])
{
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        const char *name = argv[at] + (argv[at][1] == '-' ? 2 : 1);
        bool takes = false;
        for (const struct option_row *o = global_options; o->name != NULL; o++) {
            takes = takes || (o->value != NULL && strcmp(o->name, name) == 0);
        }
        at += takes ? 2 : 1;
    }
    for (int word = 0; word < 2 && at + word < argc && at > 1; word++) {
        if (word == 1 && argv[at + 1][0] == '-') {
            break;
        }
        char *name = argv[at + word];
        memmove(argv + 2 + word, argv + 1 + word, (size_t)(at - 1) * sizeof argv[0]);
        argv[1 + word] = name;
    }
}

static int run_words(struct session *s, int argc, char *argv[])
{
    size_t words = 0;
    const struct command *command = find_command(argv + 1, (size_t)argc - 1, &words);
    if (command == NULL) {
        return unknown_command(s, argv + 1, (size_t)argc - 1);
    }
    struct trail wrong = {0};
    struct parsed parsed = {.wrong = &wrong};
    argv[words] = argv[0];
    int status = EXIT_USAGE;
    if (parse_options(command, argc - (int)words, argv + words, &parsed)) {
        if (parsed_has(&parsed, "help")) {
            command_help(command);
            return EXIT_OK;
        }
        status = prepare(s, command, &parsed);
        if (status == EXIT_OK) {
            status = command->run(s, &parsed);
        }
    }
    if (wrong.len > 0) {
        char next[160];
        snprintf(next, sizeof next, "nexusctl %s%s%s --help", command->noun,
                 command->verb == NULL ? "" : " ", command->verb == NULL ? "" : command->verb);
        status = session_fail(s, EXIT_USAGE, "invalid", next, "%s", wrong.text);
    }
    return status;
}

int client_main(int argc, char *argv[])
{
    names_first(argc, argv);
    char version_word[] = "version";
    for (int i = 1; i < argc && argv[1][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            argv[1] = argv[i];
        } else if (strcmp(argv[i], "--version") == 0) {
            argv[1] = version_word;
            argc = 2; /* whatever else was asked */
        }
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_overview();
        return argc < 2 ? EXIT_USAGE : EXIT_OK;
    }
    struct session session;
    session_init(&session);
    for (int i = 1; i < argc; i++) { /* also where the rest cannot be understood */
        session.json = session.json || strcmp(argv[i], "--json") == 0;
    }
    int status = run_words(&session, argc, argv);
    session_deinit(&session);
    if (fflush(stdout) != 0 && status == EXIT_OK) {
        status = EXIT_FAILED;
    }
    return status;
}

/* cmd_self.c - commands about the program itself: version, trust, completion. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/trust.h"
#include "host/posix/daemon.h"

static int version(struct session *s, const struct parsed *p)
{
    (void)p;
    printf(s->json ? "{\"version\":\"%s\"}\n" : "nexusctl %s\n", DAEMON_VERSION);
    return EXIT_OK;
}

static const struct option_row trust_options[] = {
    {"remove", 0, NULL, "trust it no longer"},
    {NULL, 0, NULL, NULL},
};

static int trust(struct session *s, const struct parsed *p)
{
    bool removes = parsed_has(p, "remove");
    if (!(removes ? trust_remove(p->args[0]) : trust_add(p->args[0]))) {
        return session_fail(s, EXIT_FAILED, "failed", "check the directory", "%s: %s", p->args[0],
                            strerror(errno));
    }
    if (s->json) {
        struct buf out = {0};
        struct json_writer w;
        jw_init(&w, &out, false);
        jw_object(&w);
        jw_kv_text(&w, "dir", p->args[0]);
        jw_kv_bool(&w, "trusted", !removes);
        jw_object_end(&w);
        printf("%s\n", buf_cstr(&out));
        buf_deinit(&out);
    } else {
        printf("%s: .nexus/config.yaml %s choose the daemon and the credential\n", p->args[0],
               removes ? "may no longer" : "may now");
    }
    return EXIT_OK;
}

/* -- completion ---------------------------------------------------------------------- */

/* Has an earlier row the same noun? */
static bool noun_seen(const struct command *const *at)
{
    for (const struct command *const *before = all_commands; before < at; before++) {
        if (strcmp((*before)->noun, (*at)->noun) == 0) {
            return true;
        }
    }
    return false;
}

static void print_nouns(const char *between)
{
    bool first = true;
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        if (!(*at)->hidden && !noun_seen(at)) {
            printf("%s%s", first ? "" : between, (*at)->noun);
            first = false;
        }
    }
}

static void print_verbs(const char *noun)
{
    bool first = true;
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        if (!(*at)->hidden && (*at)->verb != NULL && strcmp((*at)->noun, noun) == 0) {
            printf("%s%s", first ? "" : " ", (*at)->verb);
            first = false;
        }
    }
}

static void print_flags(const struct option_row *options)
{
    for (const struct option_row *o = options; o != NULL && o->name != NULL; o++) {
        printf(" --%s", o->name);
    }
}

static void completion_bash(void)
{
    printf("_nexusctl() {\n"
           "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
           "    case \"$COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]}\" in\n"
           "    1:*) words=\"");
    print_nouns(" ");
    printf("\" ;;\n");
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        const struct command *c = *at;
        if (!c->hidden && c->verb != NULL && !noun_seen(at)) {
            printf("    2:%s:*) words=\"", c->noun);
            print_verbs(c->noun);
            printf("\" ;;\n");
        }
    }
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        const struct command *c = *at;
        if (!c->hidden) {
            printf("    *:%s:%s) words=\"", c->noun, c->verb == NULL ? "*" : c->verb);
            print_flags(c->options);
            print_flags(global_options);
            printf("\" ;;\n");
        }
    }
    printf("    esac\n"
           "    if [[ $cur == -* || $words != *--* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "    fi\n"
           "}\n"
           "complete -o default -F _nexusctl nexusctl\n");
}

/* zsh runs bash completions through its own bridge. */
static void completion_zsh(void)
{
    printf("#compdef nexusctl\nautoload -U +X compinit bashcompinit\n"
           "(( $+functions[compdef] )) || compinit\nbashcompinit\n");
    completion_bash();
}

static void completion_fish(void)
{
    for (const struct command *const *at = all_commands; *at != NULL; at++) {
        const struct command *c = *at;
        if (c->hidden) {
            continue;
        }
        if (!noun_seen(at)) {
            printf("complete -c nexusctl -f -n __fish_use_subcommand -a %s -d '%s'\n", c->noun,
                   c->verb == NULL ? c->summary : c->noun);
        }
        if (c->verb != NULL) {
            printf("complete -c nexusctl -f -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n",
                   c->noun, c->verb, c->summary);
        }
        for (const struct option_row *o = c->options; o != NULL && o->name != NULL; o++) {
            printf("complete -c nexusctl -n '__fish_seen_subcommand_from %s' -l %s%s\n", c->noun,
                   o->name, o->value == NULL ? "" : " -r");
        }
    }
    for (const struct option_row *o = global_options; o->name != NULL; o++) {
        printf("complete -c nexusctl -l %s%s\n", o->name, o->value == NULL ? "" : " -r");
    }
}

static int completion(struct session *s, const struct parsed *p)
{
    if (strcmp(p->args[0], "bash") == 0) {
        completion_bash();
    } else if (strcmp(p->args[0], "zsh") == 0) {
        completion_zsh();
    } else if (strcmp(p->args[0], "fish") == 0) {
        completion_fish();
    } else {
        return session_fail(s, EXIT_USAGE, "invalid", "name bash, zsh or fish",
                            "there is no completion for \"%s\"", p->args[0]);
    }
    return EXIT_OK;
}

#define OFFLINE_ROW(id, noun_, args_, min_, summary_, options_, run_)                              \
    extern const struct command id;                                                                \
    const struct command id = {.noun = (noun_),                                                    \
                               .args = (args_),                                                    \
                               .args_min = (min_),                                                 \
                               .args_max = (min_),                                                 \
                               .summary = (summary_),                                              \
                               .options = (options_),                                              \
                               .offline = true,                                                    \
                               .run = (run_)};
OFFLINE_ROW(command_version, "version", "", 0, "the version of this program", NULL, version)
OFFLINE_ROW(command_trust, "trust", "DIR", 1,
            "let a project's .nexus/config.yaml choose the daemon and the credential",
            trust_options, trust)
OFFLINE_ROW(command_completion, "completion", "SHELL", 1,
            "completion for bash, zsh or fish, to be sourced", NULL, completion)

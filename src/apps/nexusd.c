/* nexusd.c - the daemon's command line. The daemon itself is host/posix/daemon.c.
 *
 * Every setting goes through set(), wherever it comes from; later sources win:
 * /etc/nexusd/config.yaml, the user's config.yaml, NEXUS_*, flags.
 */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "host/posix/config.h"
#include "host/posix/daemon.h"

/* X(letter, name, argument, environment, help) */
#define OPTION_TABLE(X)                                                                            \
    X('d', "data", "DIR", "NEXUS_DATA", "where everything is kept; made when missing")             \
    X('l', "listen", "HOST:PORT", "NEXUS_LISTEN", "loopback address; port 0 takes a free one")     \
    X('f', "foreground", NULL, NULL, "stay attached; log to stderr")                               \
    X('v', "log-level", "LEVEL", "NEXUS_LOG_LEVEL", "error, warn, info (default) or debug")        \
    X('D', "detectors", "on|off", "NEXUS_DETECTORS", "write what is missing or disagrees")         \
    X('m', "limit", "NAME=N", NULL, "one ceiling, see below; may be repeated")                     \
    X('h', "help", NULL, NULL, "print this")                                                       \
    X('V', "version", NULL, NULL, "print the version")

struct settings {
    struct daemon_options options;
    char *data;
    char *listen;
};

static void replace(char **text, const char *value)
{
    mem_free(*text);
    *text = mem_alloc(strlen(value) + 1);
    memcpy(*text, value, strlen(value) + 1);
}

static bool set_limit(struct limits *limits, struct str name, struct str value)
{
    unsigned long long number;
    if (!str_to_u64(value, &number) || number == 0) {
        return false;
    }
#define X(limit, standard, meaning)                                                                \
    if (str_is(name, #limit)) {                                                                    \
        limits->limit = number;                                                                    \
        return true;                                                                               \
    }
    LIMITS_TABLE(X)
#undef X
    return false;
}

static bool set(void *context, struct str name, const char *value, struct trail *trail)
{
    struct settings *settings = context;
    bool good = true;
    if (str_is(name, "data")) {
        good = value[0] != '\0';
        replace(&settings->data, value);
    } else if (str_is(name, "listen")) {
        good = value[0] != '\0';
        replace(&settings->listen, value);
    } else if (str_is(name, "log-level")) {
        good = logger_level_from(str_of(value), &settings->options.log_level);
    } else if (str_is(name, "detectors")) {
        settings->options.detectors = strcmp(value, "on") == 0;
        good = settings->options.detectors || strcmp(value, "off") == 0;
    } else if (str_is(name, "url") || str_is(name, "token") || str_is(name, "board")) {
        return true; /* the file is shared with nexusctl: these are its own */
    } else {
        good = set_limit(&settings->options.limits, name, str_of(value));
    }
    if (!good) {
        trail_add(trail, "'%.*s: %s'", STR_ARG(name), value);
    }
    return good;
}

static bool set_from_environment(struct settings *settings, struct trail *trail)
{
#define X(letter, name, argument, environment, help)                                               \
    if (environment != NULL) {                                                                     \
        const char *value = getenv(environment != NULL ? environment : "");                        \
        if (value != NULL && value[0] != '\0' && !set(settings, str_of(name), value, trail)) {     \
            trail_add(trail, "from %s", environment != NULL ? environment : "");                   \
            return false;                                                                          \
        }                                                                                          \
    }
    OPTION_TABLE(X)
#undef X
    return true;
}

static void print_help(void)
{
    char path[4096];
    printf("nexusd - the board that agents and people share\n\nusage: nexusd [OPTION]...\n\n");
#define X(letter, name, argument, environment, help)                                               \
    {                                                                                              \
        char left[40];                                                                             \
        snprintf(left, sizeof left, "--%s %s", name, argument != NULL ? argument : "");            \
        printf("  %-20s %s\n", left, help);                                                        \
    }
    OPTION_TABLE(X)
#undef X
    printf("\nDefaults: --listen %s, --data %s\n", DAEMON_LISTEN,
           daemon_default_data(path, sizeof path) ? path : "(no HOME)");
    printf("A flag wins over NEXUS_DATA, NEXUS_LISTEN, NEXUS_LOG_LEVEL, these over\n"
           "$XDG_CONFIG_HOME/nexus/config.yaml and that over /etc/nexusd/config.yaml\n"
           "(lines of 'name: value' with the names of the options and limits).\n\n"
           "Without --foreground it goes to the background when it is ready and logs to\n"
           "nexusd.log in the data directory. SIGTERM: finish what is under way and stop.\n\n"
           "Limits:\n");
#define X(limit, standard, meaning) printf("  %-22s %-10d %s\n", #limit, standard, meaning);
    LIMITS_TABLE(X)
#undef X
}

static int refuse(const char *words)
{
    fprintf(stderr, "nexusd: %s. See nexusd --help.\n", words);
    return DAEMON_USAGE;
}

/* -1: go on; else the exit code. */
static int take_flags(struct settings *settings, int argc, char **argv, struct trail *trail)
{
    static const struct option flags[] = {
#define X(letter, name, argument, environment, help)                                               \
    {name, (argument) != NULL ? required_argument : no_argument, NULL, letter},
        OPTION_TABLE(X)
#undef X
        {NULL, 0, NULL, 0}};
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        bool good = true;
        struct str rest = str_of(optarg);
        struct str name;
        switch (flag) {
        case 'd': good = set(settings, STR("data"), optarg, trail); break;
        case 'l': good = set(settings, STR("listen"), optarg, trail); break;
        case 'v': good = set(settings, STR("log-level"), optarg, trail); break;
        case 'D': good = set(settings, STR("detectors"), optarg, trail); break;
        case 'm':
            good = str_cut(&rest, '=', &name) && rest.at != NULL &&
                   set(settings, name, rest.at, trail);
            break;
        case 'f': settings->options.foreground = true; break;
        case 'h': print_help(); return DAEMON_OK;
        case 'V': printf("nexusd %s\n", DAEMON_VERSION); return DAEMON_OK;
        default: return refuse("that is not an option, or lacks its value");
        }
        if (!good) {
            trail_add(trail, "this option is not valid");
            return refuse(trail->text);
        }
    }
    return optind < argc ? refuse("it takes options only") : -1;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .options = {.log_level = LOGGER_INFO, .limits = limits_default()}};
    struct trail trail = {0};
    int code = -1;
    if (config_read_files(set, &settings, &trail) != ERR_OK ||
        !set_from_environment(&settings, &trail)) {
        code = refuse(trail.text);
    }
    if (code < 0) {
        code = take_flags(&settings, argc, argv, &trail);
    }
    if (code < 0) {
        settings.options.data = settings.data;
        settings.options.listen = settings.listen;
        struct buf words = {0};
        code = (int)daemon_run(&settings.options, &words);
        if (words.len > 0) {
            fprintf(code == DAEMON_OK ? stdout : stderr, "nexusd: %s\n", buf_cstr(&words));
        }
        buf_deinit(&words);
    }
    mem_free(settings.data);
    mem_free(settings.listen);
    return code;
}

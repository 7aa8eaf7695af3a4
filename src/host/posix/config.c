/* config.c - reads a flat YAML mapping with libyaml's events.
 *
 * Only scalars are taken: a list, a nested mapping or an alias is told as an error
 * with its line, because a setting that is silently not in force is worse.
 */
#include "host/posix/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "host/posix/io_posix.h"

struct reader {
    const char *path;
    config_take *take;
    void *context;
    struct trail *trail;
    struct buf name; /* of the setting whose value comes next */
    bool has_name;
    bool inside; /* the mapping */
};

static enum err refuse(struct reader *reader, size_t line, const char *words)
{
    return trail_err(reader->trail, ERR_INVALID, "%s, line %zu: %s", reader->path, line + 1, words);
}

static enum err take_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct str text = str_n(event->data.scalar.value, event->data.scalar.length);
    size_t line = event->start_mark.line;
    if (!reader->inside) {
        return text.len == 0 ? ERR_OK : refuse(reader, line, "expected 'name: value'");
    }
    if (memchr(text.at, '\0', text.len) != NULL) {
        return refuse(reader, line, "a NUL byte");
    }
    if (!reader->has_name) {
        buf_clear(&reader->name);
        buf_add_str(&reader->name, text);
        reader->has_name = true;
        return ERR_OK;
    }
    reader->has_name = false;
    if (!reader->take(reader->context, buf_str(&reader->name), text.at, reader->trail)) {
        return refuse(reader, line, "this setting is not valid");
    }
    return ERR_OK;
}

static enum err take_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return take_scalar(reader, event);
    case YAML_MAPPING_START_EVENT:
        if (reader->inside) {
            return refuse(reader, event->start_mark.line, "expected a plain value");
        }
        reader->inside = true;
        return ERR_OK;
    case YAML_MAPPING_END_EVENT: reader->inside = false; return ERR_OK;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_ALIAS_EVENT:
        return refuse(reader, event->start_mark.line, "expected a plain value");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: return ERR_OK;
    }
    return ERR_OK;
}

static enum err read_events(struct reader *reader, yaml_parser_t *parser)
{
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            return refuse(reader, parser->problem_mark.line,
                          parser->problem != NULL ? parser->problem : "not YAML");
        }
        enum err err = take_event(reader, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err config_read_file(const char *path, config_take *take, void *context, struct trail *trail)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return trail_err(trail, io_posix_err(errno), "reading %s: %s", path, strerror(errno));
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        fclose(file);
        return trail_err(trail, ERR_LIMIT, "no memory to read %s", path);
    }
    yaml_parser_set_input_file(&parser, file);
    struct reader reader = {.path = path, .take = take, .context = context, .trail = trail};
    enum err err = read_events(&reader, &parser);
    buf_deinit(&reader.name);
    yaml_parser_delete(&parser);
    fclose(file);
    return err;
}

static enum err read_if_there(const char *path, config_take *take, void *context,
                              struct trail *trail)
{
    struct trail own = {0};
    enum err err = config_read_file(path, take, context, &own);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err != ERR_OK) {
        trail_add(trail, "%s", own.text);
    }
    return err;
}

enum err config_read_files(config_take *take, void *context, struct trail *trail)
{
    enum err err = read_if_there("/etc/nexusd/config.yaml", take, context, trail);
    const char *config_home = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    struct buf path = {0};
    if (config_home != NULL && config_home[0] == '/') {
        buf_printf(&path, "%s/nexus/config.yaml", config_home);
    } else if (home != NULL && home[0] == '/') {
        buf_printf(&path, "%s/.config/nexus/config.yaml", home);
    }
    if (err == ERR_OK && path.len > 0) {
        err = read_if_there(buf_cstr(&path), take, context, trail);
    }
    buf_deinit(&path);
    return err;
}

/* operations.c - the table of operations.h as constant data. */
#include "gateway/operations.h"

#include "base/check.h"

#define X(id, name_, type_, required_, min_, max_, words_, help_)                                  \
    {.name = (name_),                                                                              \
     .type = (type_),                                                                              \
     .required = (required_),                                                                      \
     .min = (int64_t)(min_),                                                                       \
     .max = (int64_t)(max_),                                                                       \
     .words = (words_),                                                                            \
     .help = (help_)},
/* Each list ends with an empty field, which is not counted, so that none is empty. */
#define LIST(list) static const struct field fields_##list[] = {list(X){0}};
LIST(FIELDS_NOTHING)
LIST(FIELDS_FACT)
LIST(FIELDS_INTENT)
LIST(FIELDS_HINT)
LIST(FIELDS_BATCH)
LIST(FIELDS_CLAIM)
LIST(FIELDS_CLAIMS)
LIST(FIELDS_HEARTBEAT)
LIST(FIELDS_CHECKPOINT)
LIST(FIELDS_RELEASE)
LIST(FIELDS_FAIL)
LIST(FIELDS_CONCLUDE)
LIST(FIELDS_CANCEL)
LIST(FIELDS_AGENT)
LIST(FIELDS_BOARD)
LIST(FIELDS_CONTRACT)
LIST(QUERY_RECORDS)
LIST(QUERY_EVENTS)
LIST(QUERY_PROOF)
LIST(QUERY_CONSISTENCY)
LIST(QUERY_PROVENANCE)
#undef LIST
#undef X

#define COUNT(list) (sizeof fields_##list / sizeof(struct field) - 1)

static const struct operation operations[] = {
    {0},
#define X(ID, name_, method_, path_, places_, may_, list, asked, answer_, failures_, summary_)     \
    {.id = OP_##ID,                                                                                \
     .name = #name_,                                                                               \
     .method = (method_),                                                                          \
     .path = (path_),                                                                              \
     .places = (places_) == PLACE_BOARD ? PLACE_API | PLACE_BOARD : (places_),                     \
     .may = (may_),                                                                                \
     .fields = fields_##list,                                                                      \
     .fields_count = COUNT(list),                                                                  \
     .query = fields_##asked,                                                                     \
     .query_count = COUNT(asked),                                                                 \
     .answer = (answer_),                                                                          \
     .failures = (failures_),                                                                      \
     .summary = (summary_)},
    OPERATION_TABLE(X)
#undef X
};

const struct operation *operation_of(enum operation_id id)
{
    CHECK(id > OP_NONE && id < OP_COUNT);
    return &operations[id];
}

const struct operation *operation_named(struct str name)
{
    for (size_t i = 1; i < OP_COUNT; i++) {
        if (str_is(name, operations[i].name)) {
            return &operations[i];
        }
    }
    return NULL;
}

const char *method_word(enum method method)
{
    switch (method) {
    case METHOD_GET:
        return "GET";
    case METHOD_POST:
        return "POST";
    case METHOD_DELETE:
        return "DELETE";
    }
    UNREACHABLE("a method has a word");
}

static void describe_words(const struct field *field, struct buf *out)
{
    struct str rest = str_of(field->words);
    struct str word;
    const char *between = "one of ";
    while (str_cut(&rest, '|', &word)) {
        buf_add_text(out, between);
        buf_add_str(out, word);
        between = ", ";
    }
}

static void describe_range(const struct field *field, struct buf *out)
{
    buf_add_text(out, field->type == FIELD_INT ? "an integer from " : "a number from ");
    buf_add_i64(out, field->min);
    buf_add_text(out, " to ");
    buf_add_i64(out, field->max);
}

static void describe_many(struct buf *out, uint64_t count_max, const char *what)
{
    buf_add_text(out, "an array of at most ");
    buf_add_u64(out, count_max);
    buf_add_text(out, what);
}

void field_describe(const struct field *field, const struct limits *limits, struct buf *out)
{
    switch (field->type) {
    case FIELD_NAME:
    case FIELD_TEXT:
        buf_add_text(out, "a non-empty string of at most ");
        buf_add_u64(out, field->type == FIELD_NAME ? limits->name_bytes_max
                                                   : limits->text_bytes_max);
        buf_add_text(out, " bytes");
        return;
    case FIELD_ID:
        buf_add_text(out, "the id of a record");
        return;
    case FIELD_WORD:
        describe_words(field, out);
        return;
    case FIELD_INT:
    case FIELD_NUMBER:
        describe_range(field, out);
        return;
    case FIELD_BOOL:
        buf_add_text(out, "true or false");
        return;
    case FIELD_IDS:
        describe_many(out, limits->links_max, " ids");
        return;
    case FIELD_NAMES:
        describe_many(out, limits->links_max, " non-empty strings");
        return;
    case FIELD_CONTENT:
        buf_add_text(out, "an object {\"mime_type\": string, \"data\": string, "
                          "\"encoding\"?: \"base64\"}");
        return;
    case FIELD_UNDER:
        buf_add_text(out, "an object {\"intent\": id, \"epoch\": integer}");
        return;
    case FIELD_JSON:
        buf_add_text(out, "a JSON value of at most ");
        buf_add_u64(out, limits->text_bytes_max);
        buf_add_text(out, " bytes");
        return;
    case FIELD_OPS:
        describe_many(out, limits->batch_ops_max, " operations, and at least one");
        return;
    }
    UNREACHABLE("a field has a type");
}

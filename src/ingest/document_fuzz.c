/* document_fuzz.c - any bytes, in any format: the reader answers, every slice lies inside
 * the input, and the limits hold. The first byte chooses the format. */
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "ingest/claim.h"
#include "ingest/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_passages(const struct document *d)
{
    size_t end = 0;
    for (uint32_t i = 0; i < d->passages_count; i++) {
        const struct passage *p = &d->passages[i];
        CHECK(p->text.len > 0);
        CHECK(p->text.len <= PASSAGE_BYTES_MAX);
        CHECK(p->offset >= end);
        CHECK(p->text.at == d->bytes.at + p->offset);
        end = p->offset + p->text.len;
        CHECK(end <= d->bytes.len);
        CHECK(p->line_first >= 1);
        CHECK(p->line_last >= p->line_first);
        CHECK(p->line_last <= d->lines_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    static const enum document_format formats[] = {DOCUMENT_MARKDOWN, DOCUMENT_TEXT, DOCUMENT_JSON,
                                                   DOCUMENT_JSONL};
    enum document_format format = formats[data[0] % 4];
    struct document_limits limits = {.bytes_max = 65536, .lines_max = 2000, .passages_max = 200};
    struct arena arena = {0};
    struct document document;
    struct str why = STR_NONE;
    if (document_read(&arena, str_n(data + 1, size - 1), format, &limits, &document, &why)) {
        check_passages(&document);
        struct claims claims;
        claims_read(&arena, &document, 500, &claims);
        CHECK(claims.count <= 500);
        for (uint32_t i = 0; i < claims.count; i++) {
            CHECK(claims.at[i].line_first >= 1);
            CHECK(claims.at[i].line_last >= claims.at[i].line_first);
            CHECK(claims.at[i].line_last <= document.lines_count);
            CHECK(claims.at[i].topic.len <= CLAIM_TOPIC_BYTES_MAX);
        }
        CHECK(document_has_anchor(&document, &arena, STR("no such anchor")) || size > 0);
    } else {
        CHECK(why.len > 0);
    }
    arena_deinit(&arena);
    return 0;
}

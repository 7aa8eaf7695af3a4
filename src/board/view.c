/* view.c - the record behind an ordinal, its checksum looked at each time; and the Fact
 * behind an identity.
 */
#include "board/view.h"

#include "board/board_internal.h"

bool board_entry(struct board *b, uint32_t ordinal, struct entry *out_entry)
{
    return row_entry(b, ordinal, out_entry);
}

uint32_t board_fact_find(const struct board *b, struct str creator, const struct fact_in *in)
{
    struct hash id, content_hash;
    struct hash *from = mem_alloc((in->from.count + 1) * sizeof *from);
    struct entry e = {.kind = RECORD_FACT, .creator = creator};
    bool good = true;
    for (size_t i = 0; i < in->from.count && good; i++) {
        enum record_kind kind;
        good = id_parse(in->from.ids[i], RECORD_FACT, &kind, &from[i]);
    }
    e.flags = (uint8_t)((in->has_valid_from ? ENTRY_VALID_FROM : 0) |
                        (in->has_valid_to ? ENTRY_VALID_TO : 0));
    e.fact.origin = in->origin;
    e.fact.mime_type = in->content.mime_type;
    e.fact.topic = in->topic;
    e.fact.position = in->position;
    e.fact.valid_from_ms = in->valid_from_ms;
    e.fact.valid_to_ms = in->valid_to_ms;
    e.fact.from = (struct entry_ids){from->bytes, (uint32_t)in->from.count};
    sha256(in->content.data.at, in->content.data.len, &content_hash);
    entry_fact_identity(&e, &content_hash, &id);
    mem_free(from);
    return good ? row_find(b, &id) : ORDINAL_NONE;
}

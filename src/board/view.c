/* view.c - the record behind an ordinal. Its checksum is looked at each time. */
#include "board/view.h"

#include "board/board_internal.h"

bool board_entry(struct board *b, uint32_t ordinal, struct entry *out_entry)
{
    return row_entry(b, ordinal, out_entry);
}

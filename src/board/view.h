/* view.h - records as they were written, for components above the board that follow it
 * (detectors); `board/entry.h` says what is in them.
 */
#pragma once
#include "board/board.h"
#include "board/entry.h"

/* The record, borrowed until the next append. False: damaged on the disk. */
MUST_USE bool board_entry(struct board *board, uint32_t ordinal, struct entry *out_entry);
/* The Fact that board_fact would find to be there already, ORDINAL_NONE when it would
 * write a new one or refuse. Changes nothing, also outside a transaction. */
uint32_t board_fact_find(const struct board *board, struct str creator, const struct fact_in *in);

/* view.h - records as they were written, for components above the board that follow it
 * (detectors); `board/entry.h` says what is in them.
 */
#pragma once
#include "board/board.h"
#include "board/entry.h"

/* The record, borrowed until the next append. False: damaged on the disk. */
MUST_USE bool board_entry(struct board *board, uint32_t ordinal, struct entry *out_entry);

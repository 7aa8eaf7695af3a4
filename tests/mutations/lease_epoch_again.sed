# src/board/fold.c: an epoch is given twice
s/now.ended_by = ordinal;/now.ended_by = ordinal;\n    now.epoch -= status == STATUS_SUBMITTED \&\& now.epoch > 0;/

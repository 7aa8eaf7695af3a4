# src/board/resolve.c: a write under an earlier epoch is accepted
s/i->status != STATUS_CLAIMED || i->epoch != epoch/i->status != STATUS_CLAIMED || i->epoch < epoch/

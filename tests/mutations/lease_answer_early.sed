# src/board/claim.c: a claim is answered before it is durable
/b->counts.claims_given++;/,/^}/s/r->hold_seq = txn_last_seq(b);/r->hold_seq = 0;/

# src/board/claim.c: a claim outlives its lease
s/lease_end_ns(i) <= b->io->mono_ns(b->io->host);/lease_end_ns(i) + 3000 * NS_PER_MS <= b->io->mono_ns(b->io->host);/

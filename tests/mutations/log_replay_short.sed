# src/log/recover.c: the last record of a group is not replayed
s/if (seq <= r->resume->seq) {/if (seq <= r->resume->seq || (header->count > 1 \&\& i + 1 == header->count)) {/

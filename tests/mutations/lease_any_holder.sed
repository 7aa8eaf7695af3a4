# src/board/resolve.c: anybody may write under a claim
s/if (!str_eq(dict_name(&b->names, i->holder), actor->name)) {/if (actor == NULL) {/

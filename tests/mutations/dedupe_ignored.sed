# src/board/submit.c: two open intents share a dedupe key
s/uint32_t existing = dedupe_find(b, in->dedupe_key);/uint32_t existing = ORDINAL_NONE;\n    (void)dedupe_find;/

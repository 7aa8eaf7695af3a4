# src/log/commit.c: the durable root stays behind
s/log->durable_root = group->root;/(void)0;/

# src/log/commit.c: a group is durable before the disk says so
s/return err == ERR_OK ? sync_file(commit, commit->file) : err;/return err;/

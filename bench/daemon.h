/* daemon.h - a nexusd of our own, in a fresh directory, and blocking calls to it. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon {
    pid_t pid;
    char socket[108];      /* DIR/nexusd.sock */
    char admin_token[128];
};
/* Starts `program` on an empty store in `dir`; returns when it is ready, with the
 * nanoseconds that this took. */
uint64_t daemon_start(struct daemon *daemon, const char *program, const char *dir);
/* SIGTERM, and waits for the end. */
void daemon_stop(struct daemon *daemon);

/* A blocking connection to the Unix socket. */
int daemon_connect(const struct daemon *daemon);

/* Writes a whole POST request into `out`; returns its length. */
size_t request_write(char *out, size_t out_max, const char *path, const char *token,
                     const char *body);

/* One answer at the start of the bytes. */
struct answer {
    int status;
    const char *body; /* not terminated */
    size_t body_len;
    size_t bytes; /* head and body */
};
/* 1: whole; 0: more bytes are needed. Stops the program when it is no HTTP. */
int answer_parse(const char *bytes, size_t len, struct answer *out_answer);

/* Sends one POST and returns the answer's status; the body, terminated, goes to `out`. */
int daemon_post(int fd, const char *path, const char *token, const char *body, char *out,
                size_t out_max);
/* Copies the text behind "KEY":" up to the next quote. Stops when it is not there. */
void text_after(const char *body, const char *key, char *out, size_t out_max);

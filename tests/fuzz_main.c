/* fuzz_main.c - runs a fuzz target as an ordinary test, with any compiler.
 *
 *     NAME_fuzz [--inputs N] [--seed S] [--input K] [FILE | DIR]...
 *
 * First every corpus file goes in unchanged, then N inputs made from them: random
 * bytes, pieces of the corpus spliced, bits flipped, runs repeated. Input K depends
 * on (seed, K, corpus) alone, so a crash is repeated by the command that is
 * printed with it. libFuzzer (-Dfuzz=true) searches better; this one is always run.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_BYTES_MAX = 4096, FILES_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct sample {
    uint8_t *bytes;
    size_t len;
};

struct corpus {
    struct sample samples[FILES_MAX];
    size_t count;
};

struct chance {
    uint64_t state;
};

/* For the crash report only: a signal handler gets nothing passed in. */
static char report[256];

static void on_crash(int signal_number)
{
    (void)!write(STDERR_FILENO, report, strlen(report));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* splitmix64 */
static uint64_t chance_next(struct chance *chance)
{
    uint64_t z = (chance->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t chance_below(struct chance *chance, size_t bound)
{
    return bound == 0 ? 0 : (size_t)(chance_next(chance) % bound);
}

static void corpus_add_file(struct corpus *corpus, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    rewind(file);
    size_t len = end > 0 ? (size_t)end : 0;
    uint8_t *bytes = malloc(len + 1);
    if (bytes == NULL || corpus->count == FILES_MAX || fread(bytes, 1, len, file) != len) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    corpus->samples[corpus->count++] = (struct sample){.bytes = bytes, .len = len};
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void corpus_add(struct corpus *corpus, const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, visible, alphasort);
    if (count < 0) {
        if (errno == ENOTDIR) {
            corpus_add_file(corpus, path);
        }
        return; /* no corpus is no error */
    }
    for (int i = 0; i < count; i++) {
        char full[4096];
        snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
        corpus_add_file(corpus, full);
        free(names[i]);
    }
    free(names);
}

/* A length: short ones are far more likely than long ones. */
static size_t draw_len(struct chance *chance, size_t most)
{
    size_t bound = (size_t)1 << chance_below(chance, 13);
    return chance_below(chance, (bound < most ? bound : most) + 1);
}

/* Changes input[0..len) in one way and returns the new length. */
static size_t mutate(struct chance *chance, uint8_t *input, size_t len)
{
    static const char telling[] = "\"\\{}[]:,/%?&=.\r\n\t -+eE0127\x80\xc0\xed\xf0\xff";
    size_t at = chance_below(chance, len);
    size_t run = len == 0 ? 0 : draw_len(chance, len - at);
    size_t room = INPUT_BYTES_MAX - len;
    switch (chance_below(chance, 7)) {
    case 0: /* one bit */
        if (len > 0) {
            input[at] ^= (uint8_t)(1u << chance_below(chance, 8));
        }
        return len;
    case 1: /* one byte, any */
        if (len > 0) {
            input[at] = (uint8_t)chance_next(chance);
        }
        return len;
    case 2: /* one byte that means something to parsers */
        if (len > 0) {
            input[at] = (uint8_t)telling[chance_below(chance, sizeof telling)];
        }
        return len;
    case 3: /* cut a run out */
        if (run > 0) {
            memmove(input + at, input + at + run, len - at - run);
        }
        return len - run;
    case 4: /* repeat a run */
        run = run < room ? run : room;
        if (run > 0) {
            memmove(input + at + run, input + at, len - at);
        }
        return len + run;
    case 5: /* an insert that means something */
        if (room > 0) {
            memmove(input + at + 1, input + at, len - at);
            input[at] = (uint8_t)telling[chance_below(chance, sizeof telling)];
            return len + 1;
        }
        return len;
    default: /* truncate */
        return at;
    }
}

static size_t make_input(struct chance *chance, const struct corpus *corpus, uint8_t *input)
{
    size_t len = 0;
    if (corpus->count == 0 || chance_below(chance, 8) == 0) {
        len = draw_len(chance, INPUT_BYTES_MAX);
        uint64_t mask = chance_below(chance, 2) == 0 ? 0xff : 0x7f;
        for (size_t i = 0; i < len; i++) {
            input[i] = (uint8_t)(chance_next(chance) & mask);
        }
    } else {
        size_t pieces = 1 + chance_below(chance, 2);
        for (size_t i = 0; i < pieces; i++) {
            const struct sample *sample = &corpus->samples[chance_below(chance, corpus->count)];
            size_t from = i == 0 ? 0 : chance_below(chance, sample->len);
            size_t take = sample->len - from;
            take = take < INPUT_BYTES_MAX - len ? take : INPUT_BYTES_MAX - len;
            if (i + 1 < pieces) {
                take = chance_below(chance, take + 1);
            }
            if (take > 0) {
                memcpy(input + len, sample->bytes + from, take);
            }
            len += take;
        }
    }
    for (size_t changes = chance_below(chance, 6); changes > 0; changes--) {
        len = mutate(chance, input, len);
    }
    return len;
}

/* The input lies at the end of its own allocation, so that a sanitizer sees the first
 * byte read past it. */
static void give(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) {
        exit(2);
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void run_made(const char *program, const struct corpus *corpus, uint64_t seed, uint64_t k)
{
    static uint8_t input[INPUT_BYTES_MAX];
    snprintf(report, sizeof report, "\nfailed; to repeat: %s --seed %llu --input %llu CORPUS\n",
             program, (unsigned long long)seed, (unsigned long long)k);
    struct chance chance = {.state = seed * 0x2545f4914f6cdd1du + k};
    size_t len = make_input(&chance, corpus, input);
    give(input, len);
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    uint64_t inputs = 20000;
    uint64_t seed = 1;
    uint64_t only = UINT64_MAX;
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--inputs") == 0) {
            inputs = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--input") == 0) {
            only = strtoull(argv[++i], NULL, 10);
        } else {
            corpus_add(&corpus, argv[i]);
        }
    }
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    signal(SIGBUS, on_crash);
    signal(SIGFPE, on_crash);
    if (only != UINT64_MAX) {
        run_made(argv[0], &corpus, seed, only);
        return 0;
    }
    for (size_t i = 0; i < corpus.count; i++) {
        snprintf(report, sizeof report, "\nfailed on corpus file %zu, in order of name\n", i);
        give(corpus.samples[i].bytes, corpus.samples[i].len);
    }
    for (uint64_t k = 0; k < inputs; k++) {
        run_made(argv[0], &corpus, seed, k);
    }
    printf("%zu corpus files and %llu made inputs, no crash\n", corpus.count,
           (unsigned long long)inputs);
    for (size_t i = 0; i < corpus.count; i++) {
        free(corpus.samples[i].bytes);
    }
    return 0;
}

/* merkle_vectors_test.c - the published inclusion and consistency proofs, good and
 * bad. Here rather than beside merkle.c, because reading them takes `codec`, which
 * `crypto` does not see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/bytes.h"
#include "codec/json.h"
#include "crypto/merkle.h"

#define PROOF_MAX 80

typedef bool judge_vector(const struct json *vector);

struct tally {
    judge_vector *judge;
    int files;
    int good;
    int wrong;
};

/* False when there is no hash at all. Vectors whose hashes are never looked at hold
 * words in their place: hashing what is not 32 bytes long keeps equal ones equal and
 * different ones different. */
static bool read_hash(struct str base64, struct hash *out_hash)
{
    struct buf bytes = {0};
    assert_true(base64_decode(&bytes, base64));
    bool present = bytes.len > 0;
    if (bytes.len == sizeof out_hash->bytes) {
        memcpy(out_hash->bytes, bytes.at, sizeof out_hash->bytes);
    } else {
        sha256(bytes.at, bytes.len, out_hash);
    }
    buf_deinit(&bytes);
    return present;
}

static bool hash_member(const struct json *vector, const char *key, struct hash *out_hash)
{
    const struct json *member = json_get(vector, key);
    assert_non_null(member);
    assert_int_equal(member->kind, JSON_STRING);
    return read_hash(member->string, out_hash);
}

/* Sizes run over all of uint64; the reader keeps what is beyond int64 as a double. */
static uint64_t size_member(const struct json *vector, const char *key)
{
    const struct json *member = json_get(vector, key);
    unsigned long long value = 0;
    assert_non_null(member);
    assert_true(str_to_u64(member->raw, &value));
    return value;
}

static size_t proof_member(const struct json *vector, struct hash proof[PROOF_MAX])
{
    const struct json *member = json_get(vector, "proof");
    assert_non_null(member);
    if (member->kind == JSON_NULL) {
        return 0;
    }
    assert_int_equal(member->kind, JSON_ARRAY);
    assert_in_range(member->count, 0, PROOF_MAX);
    size_t len = 0;
    for (const struct json *item = member->first; item != NULL; item = item->next) {
        (void)read_hash(item->string, &proof[len]); /* an empty item proves nothing either way */
        len++;
    }
    return len;
}

static bool judge_inclusion(const struct json *vector)
{
    struct hash proof[PROOF_MAX];
    size_t len = proof_member(vector, proof);
    struct hash leaf;
    struct hash root;
    if (!hash_member(vector, "leafHash", &leaf) || !hash_member(vector, "root", &root)) {
        return false;
    }
    return merkle_verify_inclusion(size_member(vector, "leafIdx"), size_member(vector, "treeSize"),
                                   &leaf, proof, len, &root);
}

static bool judge_consistency(const struct json *vector)
{
    struct hash proof[PROOF_MAX];
    size_t len = proof_member(vector, proof);
    struct hash root1;
    struct hash root2;
    if (!hash_member(vector, "root1", &root1) || !hash_member(vector, "root2", &root2)) {
        return false;
    }
    return merkle_verify_consistency(size_member(vector, "size1"), size_member(vector, "size2"),
                                     &root1, &root2, proof, len);
}

static void judge_file(const char *path, struct tally *tally)
{
    struct buf text = {0};
    struct arena arena = {0};
    struct json *vector = NULL;
    struct json_error error;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *to = buf_reserve(&text, 1 << 20);
    assert_non_null(to);
    text.len = fread(to, 1, 1 << 20, file);
    assert_int_equal(fclose(file), 0);
    assert_true(json_parse(&arena, buf_str(&text), NULL, &vector, &error));
    assert_non_null(json_get(vector, "wantErr"));
    bool good = !json_get_bool(vector, "wantErr", false);
    if (tally->judge(vector) != good) {
        print_error("%s: %s, which is wrong\n", path, good ? "refused" : "accepted");
        tally->wrong++;
    }
    tally->files++;
    tally->good += good;
    arena_deinit(&arena);
    buf_deinit(&text);
}

/* Every .json below the directory; false when it cannot be opened. */
static bool judge_directory(const char *path, struct tally *tally)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char inner[4096];
        int len = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        assert_in_range(len, 1, sizeof inner - 1);
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (str_ends(str_of(inner), STR(".json"))) {
            judge_file(inner, tally);
        } else {
            (void)judge_directory(inner, tally);
        }
    }
    (void)closedir(directory);
    return true;
}

static void judge_all(const char *what, judge_vector *judge, int files_min)
{
    char path[2048];
    const char *data = getenv("NEXUS_SHARED_DATA");
    const char *source = getenv("NEXUS_SOURCE");
    struct tally tally = {.judge = judge};
    if (data != NULL) {
        (void)snprintf(path, sizeof path, "%s/merkle/%s", data, what);
    } else {
        (void)snprintf(path, sizeof path, "%s/../shared/data/merkle/%s",
                       source != NULL ? source : ".", what);
    }
    if (!judge_directory(path, &tally)) {
        print_message("skipped: the published Merkle vectors are not here (NEXUS_SHARED_DATA)\n");
        skip();
        return;
    }
    print_message("%s: %d vectors, %d of them good, %d judged wrongly\n", what, tally.files,
                  tally.good, tally.wrong);
    assert_in_range(tally.files, files_min, 100000);
    assert_in_range(tally.good, 1, tally.files - 1);
    assert_int_equal(tally.wrong, 0);
}

static void test_inclusion(void **state)
{
    (void)state;
    judge_all("inclusion", judge_inclusion, 50);
}

static void test_consistency(void **state)
{
    (void)state;
    judge_all("consistency", judge_consistency, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inclusion),
        cmocka_unit_test(test_consistency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* log_fuzz.c - recovery over damaged segments, and checkpoint files of any bytes.
 *
 * A short valid log is made, and the input is a list of changes to its files. The log
 * must open or refuse with ERR_CORRUPT or ERR_FORMAT. What it replays are the first
 * records, unchanged, unless the input hit a checksum's blind spot (it cannot, short
 * of chance); and a log that opens can be written to and opened again.
 *
 *     first byte      0: the rest is a checkpoint file; 1: the rest replaces segment 1
 *                     from its beginning; 2: and its header is kept; else changes
 *     a change        file and kind, offset (2 bytes), value
 */
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "log/log_world_test.h"
#include "log/snapshot.h"

enum { CHANGE_BYTES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void try_snapshot(const uint8_t *bytes, size_t len)
{
    struct memory_disk disk;
    memory_init(&disk);
    struct io_file *file;
    CHECK(memory_open(&disk, "checkpoint", IO_CREATE, &file) == ERR_OK);
    memory_resize(file, len);
    if (len > 0) {
        memcpy(file->seen, bytes, len);
    }
    memory_close(&disk, file);
    struct snapshot_reader r;
    const enum err err = snapshot_open(&r, &disk.io, "checkpoint");
    if (err == ERR_OK) {
        struct str section;
        for (uint32_t tag = 1; tag < 8; tag++) {
            CHECK(!snapshot_get(&r, tag, &section) || section.len <= len);
        }
        snapshot_close(&r);
    } else {
        CHECK(err == ERR_CORRUPT || err == ERR_FORMAT);
    }
    memory_deinit(&disk);
}

static void make_log(struct world *w)
{
    world_init(w);
    CHECK(world_open(w) == ERR_OK);
    for (size_t i = 1; i <= 6; i++) {
        world_commit(w, 1 + i * 5 % 7);
    }
    world_close(w);
}

/* One change: a bit, a byte, zeros to the end, a copy of another place, a new size. */
static void change(struct world *w, const uint8_t at[CHANGE_BYTES])
{
    static const char *const names[] = {"log/00000001.seg", "log/00000002.seg", "log/format",
                                        "log/spare.seg"};
    struct io_file *file = memory_find(&w->disk, names[at[0] & 3]);
    if (file == NULL || file->len == 0) {
        return;
    }
    const size_t offset = (size_t)(at[1] | at[2] << 8) % file->len;
    switch (at[0] >> 2 & 7) {
    case 0:
    case 1:
        file->seen[offset] ^= (uint8_t)(1u << at[3] % 8);
        break;
    case 2:
        file->seen[offset] = at[3];
        break;
    case 3:
        memset(file->seen + offset, 0, file->len - offset);
        break;
    case 4: {
        const size_t from = (size_t)at[3] * 8 % file->len;
        const size_t room = file->len - (from > offset ? from : offset);
        memmove(file->seen + offset, file->seen + from, room < 200 ? room : 200);
        break;
    }
    case 5:
        memset(file->seen + offset / 512 * 512, 0, 512 < file->len ? 512 : file->len);
        break;
    case 6:
        file->len = offset;
        break;
    default:
        if (at[3] < 16) {
            file->name[0] = '\0';
        }
        break;
    }
}

static void damage(struct world *w, const uint8_t *bytes, size_t len)
{
    const uint8_t kind = bytes[0];
    bytes++;
    len--;
    if (kind == 1 || kind == 2) {
        struct io_file *file = memory_find(&w->disk, "log/00000001.seg");
        const size_t from = kind == 1 ? 0 : 64;
        const size_t room = file->len - from;
        if (len > 0) {
            memcpy(file->seen + from, bytes, len < room ? len : room);
        }
        return;
    }
    for (; len >= CHANGE_BYTES; bytes += CHANGE_BYTES, len -= CHANGE_BYTES) {
        change(w, bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct world w;
    if (len == 0) {
        return 0;
    }
    if (bytes[0] == 0) {
        try_snapshot(bytes + 1, len - 1);
        return 0;
    }
    make_log(&w);
    damage(&w, bytes, len);
    const enum err err = world_open(&w);
    if (err == ERR_OK) {
        CHECK(!w.bad_replay);
        CHECK(w.replayed == log_head(w.log));
        CHECK(world_reads(&w, log_head(w.log)));
        const uint64_t head = log_head(w.log);
        world_commit(&w, 9);
        world_close(&w);
        CHECK(world_open(&w) == ERR_OK);
        CHECK(log_head(w.log) == head + 9);
    } else {
        CHECK(err == ERR_CORRUPT || err == ERR_FORMAT);
    }
    world_deinit(&w);
    return 0;
}

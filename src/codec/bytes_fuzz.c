/* bytes_fuzz.c - base64 and hexadecimal that decode encode to the same text again,
 * and everything that is encoded decodes.
 */
#include "codec/bytes.h"

#include "base/check.h"
#include "codec/crc32c.h"
#include "codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_text(struct str text)
{
    struct buf decoded = {0};
    struct buf again = {0};
    if (base64_decode(&decoded, text)) {
        base64_encode(&again, decoded.at, decoded.len);
        CHECK(str_eq(buf_str(&again), text));
    } else {
        CHECK(decoded.len == 0);
    }
    buf_deinit(&decoded);
    buf_deinit(&again);
}

static void check_bytes(const uint8_t *bytes, size_t len)
{
    struct buf text = {0};
    struct buf back = {0};
    base64_encode(&text, bytes, len);
    bool ok = base64_decode(&back, buf_str(&text));
    CHECK(ok);
    CHECK(str_eq(buf_str(&back), str_n(bytes, len)));

    buf_clear(&text);
    buf_clear(&back);
    uint8_t *to = buf_reserve(&text, 2 * len + 1);
    uint8_t *raw = buf_reserve(&back, len + 1);
    CHECK(to != NULL);
    CHECK(raw != NULL);
    hex_encode(bytes, len, (char *)to);
    ok = hex_decode(str_n(to, 2 * len), raw, len);
    CHECK(ok);
    CHECK(str_eq(str_n(raw, len), str_n(bytes, len)));
    buf_deinit(&text);
    buf_deinit(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str text = str_n(bytes, len);
    check_text(text);
    check_bytes(bytes, len);
    CHECK(crc32c(0, bytes, len) == crc32c_plain(0, bytes, len));
    bool valid = true;
    for (size_t at = 0; at < len;) {
        valid = utf8_next(text, &at) != UINT32_MAX && valid;
    }
    CHECK(utf8_valid(text) == valid);
    return 0;
}

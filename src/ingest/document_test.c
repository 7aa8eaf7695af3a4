/* document_test.c - documents as people write them: what is refused, how blocks and
 * passages are found, and that passages put together again give the same document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/document.h"

static const char guide[] = "---\n"
                            "title: \"The Guide\"\n"
                            "tags:\n"
                            "  - one\n"
                            "---\n"
                            "<!-- Key: hidden\n"
                            "still hidden -->\n"
                            "# Install\n"
                            "\n"
                            "Run `make`. Then wait.\n"
                            "\n"
                            "```sh\n"
                            "# not a heading\n"
                            "make\n"
                            "```\n"
                            "\n"
                            "| Option | Default |\n"
                            "|--------|---------|\n"
                            "| port   | 7700    |\n"
                            "\n"
                            "Options\n"
                            "-------\n"
                            "\n"
                            "- one\n"
                            "  ```\n"
                            "  # in a list\n"
                            "  ```\n"
                            "- two\n"
                            "\n"
                            "    indented code\n"
                            "\n"
                            "> quoted\n"
                            "\n"
                            "# Install again\n"
                            "***\n"
                            "<div id=\"spot\">\n"
                            "</div>\n";

static struct document read(struct arena *arena, struct str text, enum document_format format)
{
    struct document document;
    struct str why;
    assert_true(document_read(arena, text, format, NULL, &document, &why));
    return document;
}

static bool refused(const void *bytes, size_t len, enum document_format format, const char *cause)
{
    struct arena arena = {0};
    struct document document;
    struct str why = STR_NONE;
    bool read_it = document_read(&arena, str_n(bytes, len), format, NULL, &document, &why);
    bool said = str_find_str(why, str_of(cause)) < why.len;
    arena_deinit(&arena);
    return !read_it && said;
}

static void formats(void **state)
{
    (void)state;
    assert_int_equal(document_format_of(STR("docs/a.md")), DOCUMENT_MARKDOWN);
    assert_int_equal(document_format_of(STR("A.MD")), DOCUMENT_MARKDOWN);
    assert_int_equal(document_format_of(STR("x.y/README")), DOCUMENT_TEXT);
    assert_int_equal(document_format_of(STR("x.jsonl")), DOCUMENT_JSONL);
    assert_int_equal(document_format_of(STR("x.c")), DOCUMENT_NONE);
    assert_int_equal(document_format_of(STR("md")), DOCUMENT_NONE);
    assert_int_equal(document_format_of(STR_NONE), DOCUMENT_NONE);
}

static void refusals(void **state)
{
    (void)state;
    assert_true(refused("ab\xff", 3, DOCUMENT_TEXT, "not UTF-8 at byte 2"));
    assert_true(refused("a\0b", 3, DOCUMENT_MARKDOWN, "binary"));
    assert_true(refused("{\"a\":}", 6, DOCUMENT_JSON, "not JSON"));
    assert_true(refused("no\nno\n", 6, DOCUMENT_JSONL, "no line"));
    assert_true(refused("x", 1, DOCUMENT_NONE, "kind"));
}

static void empty_documents(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_int_equal(read(&arena, STR(""), DOCUMENT_MARKDOWN).passages_count, 0);
    assert_int_equal(read(&arena, STR("\n \r\n\t\n"), DOCUMENT_TEXT).passages_count, 0);
    assert_int_equal(read(&arena, STR("\xef\xbb\xbf# T"), DOCUMENT_MARKDOWN).blocks[0].kind,
                     BLOCK_HEADING);
    arena_deinit(&arena);
}

static void block_structure(void **state)
{
    (void)state;
    static const struct {
        enum block_kind kind;
        uint32_t line, lines;
    } expected[] = {
        {BLOCK_FRONT, 0, 5},     {BLOCK_COMMENT, 5, 2}, {BLOCK_HEADING, 7, 1},
        {BLOCK_PARAGRAPH, 9, 1}, {BLOCK_CODE, 11, 4},   {BLOCK_TABLE, 16, 3},
        {BLOCK_HEADING, 20, 2},  {BLOCK_LIST, 23, 7},   {BLOCK_QUOTE, 31, 1},
        {BLOCK_HEADING, 33, 1},  {BLOCK_HTML, 35, 2},
    };
    struct arena arena = {0};
    struct document d = read(&arena, STR(guide), DOCUMENT_MARKDOWN);
    assert_int_equal(d.blocks_count, sizeof expected / sizeof expected[0]);
    for (uint32_t i = 0; i < d.blocks_count; i++) {
        assert_int_equal(d.blocks[i].kind, expected[i].kind);
        assert_int_equal(d.blocks[i].line, expected[i].line);
        assert_int_equal(d.blocks[i].lines, expected[i].lines);
    }
    assert_true(str_is(d.title, "The Guide"));
    assert_true(str_is(d.blocks[6].path, "Install > Options"));
    assert_true(str_is(d.blocks[9].path, "Install again"));
    arena_deinit(&arena);
}

static void line_ends_do_not_matter(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf crlf = {0};
    for (size_t i = 0; i + 1 < sizeof guide; i++) {
        if (guide[i] == '\n') {
            buf_add_byte(&crlf, '\r');
        }
        buf_add_byte(&crlf, (uint8_t)guide[i]);
    }
    struct document a = read(&arena, STR(guide), DOCUMENT_MARKDOWN);
    struct document b = read(&arena, buf_str(&crlf), DOCUMENT_MARKDOWN);
    assert_int_equal(a.blocks_count, b.blocks_count);
    assert_int_equal(a.passages_count, b.passages_count);
    for (uint32_t i = 0; i < a.passages_count; i++) {
        assert_int_equal(a.passages[i].line_first, b.passages[i].line_first);
        assert_int_equal(a.passages[i].line_last, b.passages[i].line_last);
    }
    buf_deinit(&crlf);
    arena_deinit(&arena);
}

/* A long document of sections, long paragraphs, lists, tables and code. */
static void build_long(struct buf *text)
{
    for (int section = 0; section < 12; section++) {
        buf_printf(text, "## Section %d\n\n", section);
        for (int i = 0; i < 60 * (section % 3); i++) {
            buf_printf(text, "Sentence %d of the \xc3\xa9t\xc3\xa9 says something. ", i);
        }
        buf_add_text(text, "\n\n");
        for (int i = 0; i < 90 * (section % 2); i++) {
            buf_printf(text, "- item %d with words\n", i);
        }
        buf_add_text(text, "\n```c\n");
        for (int i = 0; i < 100 * (section % 4 == 3); i++) {
            buf_printf(text, "int x%d = %d;\n", i, i);
        }
        buf_add_text(text, "```\n\n");
    }
    buf_add_text(text, "end");
    for (int i = 0; i < 3000; i++) {
        buf_add_text(text, "x");
    }
}

static void passages_keep_the_limits(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf text = {0};
    build_long(&text);
    struct document d = read(&arena, buf_str(&text), DOCUMENT_MARKDOWN);
    assert_true(d.passages_count > 10);
    size_t end = 0, small = 0;
    for (uint32_t i = 0; i < d.passages_count; i++) {
        const struct passage *p = &d.passages[i];
        assert_true(p->text.len <= PASSAGE_BYTES_MAX);
        assert_true(p->offset >= end);
        for (size_t at = end; at < p->offset; at++) {
            assert_true(text.at[at] == ' ' || text.at[at] == '\n');
        }
        assert_true(((unsigned char)p->text.at[0] & 0xc0u) != 0x80u);
        end = p->offset + p->text.len;
        small += p->text.len < PASSAGE_BYTES_MIN;
    }
    assert_int_equal(end, text.len);
    assert_true(small * 3 < d.passages_count);
    buf_deinit(&text);
    arena_deinit(&arena);
}

static void long_prose_is_cut_between_sentences(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf text = {0};
    for (int i = 0; i < 200; i++) {
        buf_printf(&text, "Here is sentence number %d. ", i);
    }
    struct document d = read(&arena, buf_str(&text), DOCUMENT_TEXT);
    assert_true(d.passages_count >= 3);
    for (uint32_t i = 0; i < d.passages_count; i++) {
        assert_true(str_ends(d.passages[i].text, STR(".")));
        assert_true(str_starts(d.passages[i].text, STR("Here")));
        assert_true(d.passages[i].part_of_line);
    }
    buf_deinit(&text);
    arena_deinit(&arena);
}

static void huge_documents_are_cut_off(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf text = {0};
    for (int i = 0; i < 300000; i++) {
        buf_add_text(&text, "line of text\n\n");
    }
    struct document d = read(&arena, buf_str(&text), DOCUMENT_TEXT);
    assert_true(d.note.len > 0);
    assert_int_equal(d.lines_count, 200000);
    struct document_limits limits = {.bytes_max = 100};
    struct str why;
    assert_true(document_read(&arena, buf_str(&text), DOCUMENT_TEXT, &limits, &d, &why));
    assert_true(d.bytes.len <= 100);
    assert_true(str_find_str(d.note, STR("only the first")) < d.note.len);
    buf_deinit(&text);
    arena_deinit(&arena);
}

static void anchors(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document d = read(&arena, STR(guide), DOCUMENT_MARKDOWN);
    assert_true(str_is(document_anchor(&arena, STR("What's new, in 2.0?")), "whats-new-in-20"));
    assert_true(document_has_anchor(&d, &arena, STR("install")));
    assert_true(document_has_anchor(&d, &arena, STR("install-again")));
    assert_true(document_has_anchor(&d, &arena, STR("install-1")));
    assert_true(document_has_anchor(&d, &arena, STR("spot")));
    assert_false(document_has_anchor(&d, &arena, STR("not-a-heading")));
    assert_false(document_has_anchor(&d, &arena, STR("nowhere")));
    arena_deinit(&arena);
}

static void json_passages(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf text = {0};
    buf_add_text(&text, "{\"rows\":[");
    for (int i = 0; i < 500; i++) {
        buf_printf(&text, "%s{\"n\":%d,\"s\":\"a b, c\"}", i == 0 ? "" : ",", i);
    }
    buf_add_text(&text, "]}");
    struct document d = read(&arena, buf_str(&text), DOCUMENT_JSON);
    size_t end = 0;
    for (uint32_t i = 0; i < d.passages_count; i++) {
        assert_int_equal(d.passages[i].kind, BLOCK_DATA);
        end = d.passages[i].offset + d.passages[i].text.len;
    }
    assert_int_equal(end, text.len);
    d = read(&arena, STR("{\"a\":1}\nnot json\n{\"a\":2}\n"), DOCUMENT_JSONL);
    assert_int_equal(d.bad_lines, 1);
    assert_true(d.note.len > 0);
    buf_deinit(&text);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(refusals),
        cmocka_unit_test(empty_documents),
        cmocka_unit_test(block_structure),
        cmocka_unit_test(line_ends_do_not_matter),
        cmocka_unit_test(passages_keep_the_limits),
        cmocka_unit_test(long_prose_is_cut_between_sentences),
        cmocka_unit_test(huge_documents_are_cut_off),
        cmocka_unit_test(anchors),
        cmocka_unit_test(json_passages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* claim_test.c - what is read out of documents, and what must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/claim.h"

struct reading {
    struct arena arena;
    struct document document;
    struct claims claims;
};

static void read(struct reading *r, const char *text, enum document_format format)
{
    struct str why;
    *r = (struct reading){0};
    assert_true(document_read(&r->arena, str_of(text), format, NULL, &r->document, &why));
    claims_read(&r->arena, &r->document, 0, &r->claims);
}

static void done(struct reading *r)
{
    arena_deinit(&r->arena);
}

static const struct claim *find(const struct reading *r, enum claim_kind kind, const char *topic,
                                const char *position)
{
    for (uint32_t i = 0; i < r->claims.count; i++) {
        const struct claim *claim = &r->claims.at[i];
        if (claim->kind == kind && str_is(claim->topic, topic) &&
            (position == NULL || str_is(claim->position, position))) {
            return claim;
        }
    }
    return NULL;
}

static uint32_t count(const struct reading *r, enum claim_kind kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->claims.count; i++) {
        n += r->claims.at[i].kind == kind;
    }
    return n;
}

static void keys_and_values(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "# Server\n\nPort: 7700\nLicense: Apache-2.0\n\n- **Log level**: debug\n- **Owner:** Ann\n"
         "- plain item\n\nnote: nothing here\n\nWe said this: no key, prose.\n\n"
         "Visit http://x.example: it is fine.\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "server / port", "7700"));
    assert_int_equal(find(&r, CLAIM_KEY_VALUE, "server / port", "7700")->line_first, 3);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "server / license", "apache-2.0"));
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "server / log level", "debug"));
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "server / owner", "ann"));
    assert_int_equal(find(&r, CLAIM_KEY_VALUE, "server / owner", NULL)->line_first, 7);
    assert_null(find(&r, CLAIM_KEY_VALUE, "server / note", NULL));
    assert_int_equal(count(&r, CLAIM_KEY_VALUE), 4);
    done(&r);
}

static void front_matter(void **state)
{
    (void)state;
    struct reading r;
    read(&r, "---\ntitle: Plan\nversion: 1.2\ntags:\n  - a\n  - b\n---\n\nText.\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "plan / version", "1.2"));
    assert_true(find(&r, CLAIM_KEY_VALUE, "plan / tags", "a")->additive);
    assert_true(find(&r, CLAIM_KEY_VALUE, "plan / tags", "b")->additive);
    assert_false(find(&r, CLAIM_KEY_VALUE, "plan / version", NULL)->additive);
    done(&r);
}

static void configuration_lines(void **state)
{
    (void)state;
    struct reading r;
    read(&r, "max_size = 64\nname = \"x\"\n\nIf a = b then c.\n", DOCUMENT_TEXT);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "max size", "64"));
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "name", "x"));
    assert_int_equal(count(&r, CLAIM_KEY_VALUE), 2);
    done(&r);
}

static void tables(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "| Option | Default | Note |\n|---|:--:|---|\n| `port` | 7700 | a \\| b |\n"
         "| ttl | `60 | s` | |\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_CELL, "port / default", "7700"));
    assert_int_equal(find(&r, CLAIM_CELL, "port / default", NULL)->line_first, 3);
    assert_non_null(find(&r, CLAIM_CELL, "port / note", "a | b"));
    assert_non_null(find(&r, CLAIM_CELL, "ttl / default", "60 | s"));
    assert_int_equal(count(&r, CLAIM_CELL), 3);
    done(&r);
}

static void definitions(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "A lease is a promise with an end. It is a good thing. Nobody knows.\n\n"
         "**Epoch** \xe2\x80\x94 the fencing token of a claim.\n\n"
         "- `seq` - position of a record in the log.\n"
         "- Unit: a single-threaded owner of the log and state.\n\n"
         "There is a house.\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_DEFINITION, "lease", "a promise with an end"));
    assert_non_null(find(&r, CLAIM_DEFINITION, "epoch", "the fencing token of a claim"));
    assert_non_null(find(&r, CLAIM_DEFINITION, "seq", "position of a record in the log"));
    assert_non_null(find(&r, CLAIM_DEFINITION, "unit", NULL));
    assert_int_equal(count(&r, CLAIM_DEFINITION), 4);
    done(&r);
}

static void links(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "See [the guide](docs/guide.md#install \"Title\") and [ref][r1], [r1], [[Wiki Page|x]].\n"
         "![pic](a.png) <https://x.example/a> https://y.example/b. `[no](code.md)`\n"
         "[gone][nowhere] [task](<a b.md>)\n\n"
         "<p align=\"center\"><img src=\"logo.svg\"></p>\n\n"
         "```\n[no](fence.md)\n```\n\n<!-- [no](comment.md) -->\n\n[r1]: target.md\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_LINK, "link / docs/guide.md#install", NULL));
    assert_int_equal(find(&r, CLAIM_LINK, "link / docs/guide.md#install", NULL)->line_first, 1);
    assert_non_null(find(&r, CLAIM_LINK, "link / target.md", NULL));
    assert_non_null(find(&r, CLAIM_LINK, "link / Wiki Page", NULL));
    assert_non_null(find(&r, CLAIM_IMAGE, "image / a.png", NULL));
    assert_non_null(find(&r, CLAIM_IMAGE, "image / logo.svg", NULL));
    assert_non_null(find(&r, CLAIM_LINK, "link / https://x.example/a", NULL));
    assert_non_null(find(&r, CLAIM_LINK, "link / https://y.example/b", NULL));
    assert_non_null(find(&r, CLAIM_LINK, "link / a b.md", NULL));
    assert_null(find(&r, CLAIM_LINK, "link / code.md", NULL));
    assert_null(find(&r, CLAIM_LINK, "link / fence.md", NULL));
    assert_null(find(&r, CLAIM_LINK, "link / comment.md", NULL));
    assert_true(find(&r, CLAIM_REFERENCE, "reference / nowhere", NULL)->unresolved);
    done(&r);
}

static void references(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "As `spec/a.md` and B.md \xc2\xa7"
         "4.2 say. See \xc2\xa7"
         "3 too, but [not](c.md) *.md here.\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_REFERENCE, "reference / spec/a.md", NULL));
    assert_non_null(find(&r, CLAIM_REFERENCE, "reference / B.md", NULL));
    assert_non_null(find(&r, CLAIM_REFERENCE,
                         "reference / B.md\xc2\xa7"
                         "4.2",
                         NULL));
    assert_non_null(find(&r, CLAIM_REFERENCE,
                         "reference / \xc2\xa7"
                         "3",
                         NULL));
    assert_null(find(&r, CLAIM_REFERENCE, "reference / c.md", NULL));
    assert_int_equal(count(&r, CLAIM_REFERENCE), 4);
    done(&r);
}

static void quantities(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "# Limits\n\nThe default lease is 60 s. Availability was 99.9 % and v1.2 s.\n"
         "A page holds at most 1,000 records, the cache 64MiB. `sleep 5 s` 12 monkeys.\n"
         "The review stays open for at least 48 hours.\n\n<p style=\"x\">Width 75%</p>\n",
         DOCUMENT_MARKDOWN);
    assert_non_null(find(&r, CLAIM_QUANTITY, "limits / default lease", "60 s"));
    assert_non_null(find(&r, CLAIM_QUANTITY, "limits / availability", "99.9 %"));
    assert_non_null(find(&r, CLAIM_QUANTITY, "limits / cache", "64mib"));
    assert_int_equal(find(&r, CLAIM_QUANTITY, "limits / cache", NULL)->line_first, 4);
    assert_non_null(find(&r, CLAIM_QUANTITY, "limits / review stays open", "at least 48 hours"));
    assert_int_equal(count(&r, CLAIM_QUANTITY), 4);
    done(&r);
}

static void json_scalars(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "{\n\"server\": {\"port\": 7700, \"tags\": [\"a\", \"b\"]},\n"
         "\"users\": [{\"name\": \"ann\", \"age\": 41}], \"none\": null}\n",
         DOCUMENT_JSON);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "server / port", "7700"));
    assert_int_equal(find(&r, CLAIM_KEY_VALUE, "server / port", "7700")->line_first, 2);
    assert_true(find(&r, CLAIM_KEY_VALUE, "server.tags / item", "b")->additive);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "users.ann / age", "41"));
    assert_int_equal(count(&r, CLAIM_KEY_VALUE), 5);
    done(&r);
    read(&r, "{\"a\": 1}\n{\"a\": 2}\n", DOCUMENT_JSONL);
    assert_non_null(find(&r, CLAIM_KEY_VALUE, "line 2 / a", "2"));
    done(&r);
}

static void code_and_comments_are_no_claims(void **state)
{
    (void)state;
    struct reading r;
    read(&r,
         "```yaml\nkey: value\n```\n\n<!--\nkey: value\n-->\n\n    key: value\n\n"
         "- item\n  ```\n  key: value\n  ```\n",
         DOCUMENT_MARKDOWN);
    assert_int_equal(r.claims.count, 0);
    done(&r);
}

static void the_ceiling_holds(void **state)
{
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 2000; i++) {
        buf_printf(&text, "- Key%d: value\n", i);
    }
    struct reading r = {0};
    struct str why;
    assert_true(
        document_read(&r.arena, buf_str(&text), DOCUMENT_MARKDOWN, NULL, &r.document, &why));
    claims_read(&r.arena, &r.document, 100, &r.claims);
    assert_int_equal(r.claims.count, 100);
    assert_true(r.claims.cut);
    done(&r);
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_values),     cmocka_unit_test(front_matter),
        cmocka_unit_test(configuration_lines), cmocka_unit_test(tables),
        cmocka_unit_test(definitions),         cmocka_unit_test(links),
        cmocka_unit_test(references),          cmocka_unit_test(quantities),
        cmocka_unit_test(json_scalars),        cmocka_unit_test(code_and_comments_are_no_claims),
        cmocka_unit_test(the_ceiling_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

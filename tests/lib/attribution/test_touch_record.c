/* What is stored of one identity: what is found in it again, and what is forgotten when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/attribution/touch_record.h"
#include "lib/base/time.h"

enum { LOOKBACK = 1000, HOLD = 100, KEEP = LOOKBACK + HOLD };

static struct touch_entry click(int64_t ts_ms, uint32_t lane, int64_t offset, const char *id)
{
    struct touch_entry entry = {.ts_ms = ts_ms,
                                .lane = lane,
                                .offset = offset,
                                .is_click = true,
                                .has_id = id != NULL,
                                .campaign = span_of("campaign")};
    if (id)
        touch_id_make(TOUCH_ID_EVENT, span_of(id), entry.id);
    return entry;
}

static struct touch_entry view(int64_t ts_ms, int64_t offset)
{
    struct touch_entry entry = click(ts_ms, 0, offset, NULL);
    entry.is_click = false;
    return entry;
}

static void add(struct touch_record *record, struct touch_entry entry)
{
    assert_int_equal(touch_record_add(record, &entry), 0);
}

static size_t prune(struct touch_record *record, int64_t passed_ms, size_t max_touches, bool *ret_changed)
{
    const struct touch_limits limits = {passed_ms, KEEP, KEEP / 2, max_touches};
    return touch_record_prune(record, &limits, ret_changed);
}

static void a_record_comes_back_from_its_bytes(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0}, back = {0};
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT, again = BUFFER_INIT;
    char longest[256];
    memset(longest, 'x', sizeof(longest));
    struct touch_entry bare = click(7, 2, 9, "e"), big = view(3, 4);
    bare.bare = true;
    bare.campaign = (struct span){0};
    big.campaign = span_from(longest, sizeof(longest));
    add(&record, click(1795300200000, 70000, INT64_C(1) << 40, "id"));
    add(&record, bare);
    add(&record, big);
    touch_record_pack(&record, &bytes);
    assert_int_equal(touch_record_unpack(&back, buffer_span(&bytes)), 0);
    assert_int_equal(back.n, 3);
    assert_int_equal(back.entries[0].ts_ms, 1795300200000);
    assert_int_equal(back.entries[0].lane, 70000);
    assert_int_equal(back.entries[0].offset, INT64_C(1) << 40);
    assert_true(back.entries[1].bare && back.entries[1].has_id && back.entries[1].campaign.size == 0);
    assert_true(span_equal(back.entries[2].campaign, big.campaign));
    touch_record_pack(&back, &again);
    assert_true(span_equal(buffer_span(&bytes), buffer_span(&again)));
    for (size_t size = 1; size < bytes.size; size++) {
        int r = touch_record_unpack(&back, span_from(bytes.data, size));
        assert_true(r == -74 /* EBADMSG */ || back.n < 3);
    }
    bytes.data[0] = 9;
    assert_true(touch_record_unpack(&back, buffer_span(&bytes)) < 0);
    assert_int_equal(touch_record_unpack(&back, (struct span){0}), 0);
    assert_int_equal(back.n, 0);
}

static void an_empty_record_has_no_bytes(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    touch_record_pack(&record, &bytes);
    assert_int_equal(bytes.size, 0);
}

static void what_a_click_repeats(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    add(&record, click(5000, 1, 10, "a"));
    const struct {
        const char *what;
        struct touch_entry touch;
        enum touch_seen expected;
    } cases[] = {
        {"another id", click(5000, 1, 11, "b"), TOUCH_SEEN_NEVER},
        {"without an id", click(5000, 1, 11, NULL), TOUCH_SEEN_NEVER},
        {"this very message", click(5000, 1, 10, "a"), TOUCH_SEEN_HERE},
        {"this very message, whatever it says", click(1, 1, 10, NULL), TOUCH_SEEN_HERE},
        {"the same id later", click(5000 + KEEP, 1, 11, "a"), TOUCH_SEEN_BEFORE},
        {"too much later", click(5001 + KEEP, 1, 11, "a"), TOUCH_SEEN_NEVER},
        {"with an older time", click(1, 1, 11, "a"), TOUCH_SEEN_BEFORE},
        {"before it in the partition: what it said then holds", click(5000, 1, 9, "a"), TOUCH_SEEN_NEVER},
        {"in another partition", click(5000, 3, 9, "a"), TOUCH_SEEN_BEFORE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (touch_record_seen(&record, &cases[i].touch, KEEP) != cases[i].expected)
            fail_msg("%s", cases[i].what);
    struct touch_entry clicked = click(5000, 1, 11, NULL);
    clicked.has_id = true;
    touch_id_make(TOUCH_ID_CLICK, span_of("a"), clicked.id);
    assert_int_equal(touch_record_seen(&record, &clicked, KEEP), TOUCH_SEEN_NEVER); /* no event's id */
}

static void touches_are_forgotten_by_event_time_alone(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    bool changed;
    add(&record, click(5000, 1, 10, "a"));
    add(&record, view(5000, 11));
    assert_int_equal(prune(&record, NEVER, 50, &changed), 0);
    assert_int_equal(prune(&record, 5000 + KEEP / 2, 50, &changed), 0);
    assert_false(changed);
    assert_int_equal(prune(&record, 5001 + KEEP / 2, 50, &changed), 0);
    assert_true(changed && record.n == 1 && record.entries[0].is_click);
    (void)prune(&record, 5000 + KEEP, 50, &changed);
    assert_false(changed);
    (void)prune(&record, 5001 + KEEP, 50, &changed);
    assert_true(changed && record.n == 0);
}

static void of_older_ones_the_newest_stay_of_each_kind_and_ids_are_remembered(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    bool changed;
    for (int i = 0; i < 5; i++) {
        add(&record, click(1000 + i, 1, i, i == 0 ? NULL : "id"));
        add(&record, view(1000 + i, 100 + i));
    }
    (void)prune(&record, 1000, 2, &changed); /* none of them was passed */
    assert_false(changed);
    (void)prune(&record, 1004, 2, &changed); /* four of each were: two are one too many */
    assert_true(changed);
    size_t clicks = 0, views = 0, bare = 0;
    for (size_t i = 0; i < record.n; i++) {
        clicks += record.entries[i].is_click && !record.entries[i].bare;
        views += !record.entries[i].is_click;
        bare += record.entries[i].bare;
    }
    assert_int_equal(clicks, 3);
    assert_int_equal(views, 3);
    assert_int_equal(bare, 1); /* the one without an id is gone */
    (void)prune(&record, 1004, 2, &changed);
    assert_false(changed);
    struct touch_entry again = click(1001, 1, 50, "id");
    assert_int_equal(touch_record_seen(&record, &again, KEEP), TOUCH_SEEN_BEFORE);
}

static void nor_of_one_time(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    bool changed;
    for (int i = 0; i < TOUCHES_STORED_MOST + 3; i++)
        add(&record, click(20000, 1, i, "id"));
    assert_int_equal(prune(&record, NEVER, 50, &changed), 3);
    assert_true(changed);
    assert_int_equal(record.n, TOUCHES_STORED_MOST);
    for (size_t i = 0; i < record.n; i++)
        assert_true(record.entries[i].offset >= 3);
}

static void nobody_has_more_than_ten_thousand(void **state)
{
    (void)state;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    bool changed;
    for (int i = 0; i < TOUCHES_STORED_MOST + 3; i++)
        add(&record, click(20000 - i, 1, i, "id"));
    assert_int_equal(prune(&record, NEVER, 50, &changed), 3);
    assert_true(changed);
    size_t touches = 0;
    for (size_t i = 0; i < record.n; i++) {
        touches += !record.entries[i].bare;
        assert_true(record.entries[i].bare == (record.entries[i].ts_ms <= 20000 - TOUCHES_STORED_MOST));
    }
    assert_int_equal(touches, TOUCHES_STORED_MOST);
    assert_int_equal(prune(&record, NEVER, 50, &changed), 0);
    assert_false(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back_from_its_bytes),
        cmocka_unit_test(an_empty_record_has_no_bytes),
        cmocka_unit_test(what_a_click_repeats),
        cmocka_unit_test(touches_are_forgotten_by_event_time_alone),
        cmocka_unit_test(of_older_ones_the_newest_stay_of_each_kind_and_ids_are_remembered),
        cmocka_unit_test(nor_of_one_time),
        cmocka_unit_test(nobody_has_more_than_ten_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

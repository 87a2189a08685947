#include <errno.h>

#include "tests/lib/ingest/desk.h"

/* Rules as after a reload: shorter messages, and a book in which nobody has prices. */
static struct ingest_rules other_rules(struct desk *desk, struct rule_book *book)
{
    struct ingest_rules rules = desk_rules(desk);
    *book = desk->book;
    book->by_id = (struct table){0};
    rules.book = book;
    rules.decode.message_bytes = 60;
    return rules;
}

static void rules_change_only_where_nothing_of_the_old_ones_is_left(void **state)
{
    struct desk *desk = *state;
    struct rule_book book;
    struct ingest_rules rules = other_rules(desk, &book);
    desk_open(desk, 1);
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), -EBUSY);
    assert_int_equal(desk_view(desk, 3, "priced", T0), 0);
    desk_run(desk);
    ingest_revoke(desk->ingest, true);
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), -EBUSY);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
    assert_int_equal(desk_total(desk, "priced", CELL_IMPRESSIONS), 1);
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), 0);
}

/* The book that was in force is gone by now. */
static void what_is_read_afterwards_is_counted_by_the_fresh_rules(void **state)
{
    struct desk *desk = *state;
    struct rule_book book;
    struct ingest_rules rules = other_rules(desk, &book);
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 3, "priced", T0), 0);
    desk_run(desk);
    ingest_revoke(desk->ingest, true);
    desk_run(desk);
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), 0);
    memset(&desk->priced, 0xff, sizeof(desk->priced));
    for (size_t i = 0; i < DESK_FEEDS; i++)
        for (size_t k = 0; k < 2; k++)
            desk->stands[i][0][k] = (struct lane_mark){4, T0};
    desk_open(desk, 1);
    struct span written = call_get(&desk->command, desk->command.n_args - 1);
    assert_non_null(memmem(written.data, written.size, "none/300000/60", strlen("none/300000/60")));
    assert_int_equal(desk_view(desk, 4, "priced", T0), REJECT_TOO_LARGE);
    assert_int_equal(
        desk_read(desk, 0, 5, "{\"type\":\"click\",\"ts\":1795300200000,\"campaign_id\":\"priced\"}"), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "priced", CELL_CLICKS), 1);
    assert_int_equal(ingest_counts(desk->ingest).messages, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(rules_change_only_where_nothing_of_the_old_ones_is_left),
        DESK_TEST(what_is_read_afterwards_is_counted_by_the_fresh_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Decoding where memory ends: the decoder's own allocations fail one after the other. The unit itself is
 * compiled in here, with its allocator scripted; everything below it is the real thing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/scripted_allocator.h"

#define calloc scripted_calloc
#define realloc scripted_realloc
#include "lib/event/decode.c"
#undef calloc
#undef realloc

#include "tests/lib/event/mapping_world.h"

static const struct decode_rules rules = {.future_ms = 0, .message_bytes = 1048576, .currency = "EUR"};

static void a_decoder_without_memory_is_not_made_and_leaks_nothing(void **state)
{
    enum { N_ALLOCATIONS = 3 };
    struct decoder *decoder = NULL;

    (void)state;
    for (int n = 0; n < N_ALLOCATIONS; n++) {
        n_until_failure = n;
        assert_int_equal(decoder_new(&rules, &decoder), -ENOMEM);
        assert_null(decoder);
    }
    n_until_failure = N_ALLOCATIONS;
    assert_int_equal(decoder_new(&rules, &decoder), 0);
    n_until_failure = -1;
    decoder_free(decoder);
}

static void a_decoder_that_could_not_grow_goes_on_afterwards(void **state)
{
    static char value[20000];
    static const char event_text[] = "{\"type\":\"click\",\"ts\":1795306000000,\"campaign_id\":\"c\"}";
    struct decoder *decoder;
    struct event event;
    const char *field = NULL;

    (void)state;
    memset(value, ' ', sizeof(value));
    memcpy(value, event_text, sizeof(event_text) - 1);
    assert_int_equal(decoder_new(&rules, &decoder), 0);
    for (int n = 0; n < 2; n++) {
        n_until_failure = n;
        assert_int_equal(
            decode(decoder, span_from(value, sizeof(value)), NO_RECORD_TIME, EVENT_NONE, &event, &field),
            -ENOMEM);
        assert_string_equal(field, "");
        assert_int_equal(decode(decoder, span_of(event_text), NO_RECORD_TIME, EVENT_NONE, &event, &field), 0);
    }
    n_until_failure = 2;
    assert_int_equal(
        decode(decoder, span_from(value, sizeof(value)), NO_RECORD_TIME, EVENT_NONE, &event, &field), 0);
    assert_int_equal(
        decode(decoder, span_from(value, sizeof(value)), NO_RECORD_TIME, EVENT_NONE, &event, &field), 0);
    assert_true(event.ts_ms == 1795306000000);
    n_until_failure = -1;
    decoder_free(decoder);
}

static void a_mapped_message_needs_memory_once(void **state)
{
    enum { N_ALLOCATIONS = 2 };
    static const char event_text[] =
        "{\"type\":\"click\",\"ts\":1795306000000,\"u\":\"?utm_campaign=spring%20sale\"}";
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    struct decode_input input = {.value = span_of(event_text), .record_ts_ms = NO_RECORD_TIME};
    struct decoder *decoder;
    struct event event;
    const char *field = NULL;

    (void)state;
    mapping_read(&world, "mapping: {fields: {campaign_id: 'u?utm_campaign'}}");
    input.mapping = world.settings.all.mapping;
    for (int n = 0; n < N_ALLOCATIONS; n++) {
        assert_int_equal(decoder_new(&rules, &decoder), 0);
        n_until_failure = n;
        assert_int_equal(decode_input(decoder, &input, &event, &field), -ENOMEM);
        assert_string_equal(field, "");
        assert_int_equal(decode_input(decoder, &input, &event, &field), 0);
        n_until_failure = 0;
        assert_int_equal(decode_input(decoder, &input, &event, &field), 0);
        assert_text(event.campaign_id, "spring sale");
        n_until_failure = -1;
        decoder_free(decoder);
    }
}

int main(void)
{
    armed = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decoder_without_memory_is_not_made_and_leaks_nothing),
        cmocka_unit_test(a_decoder_that_could_not_grow_goes_on_afterwards),
        cmocka_unit_test(a_mapped_message_needs_memory_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

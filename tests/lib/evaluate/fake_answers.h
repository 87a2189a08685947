/*
 * Answers the evaluator's calls as Redis and the scripts in lib/shard/lua would. Whatever the evaluator does
 * not use is not there; an unknown command ends the test.
 */
#ifndef ROIWATCH_TESTS_FAKE_ANSWERS_H
#define ROIWATCH_TESTS_FAKE_ANSWERS_H

#include "tests/lib/evaluate/fake_store.h"

static struct reply answer_read(struct store *store, const struct call *call)
{
    struct value *vec = store_find(store, call_get(call, 0));
    struct value *journal = store_make(store, call_get(call, 1));
    struct value *rev = store_make(store, call_get(call, 2));
    struct value *outbox = store_make(store, call_get(call, 3));
    struct span last = call_get(call, 4);
    struct reply *six = store_replies(store, 6);
    if (!vec) {
        six[2] = reply_text(span_of(""));
        six[3] = reply_integer(1);
        return reply_array(six, 6);
    }
    buffer_append_u8(&rev->text, '+');
    size_t first = journal->n_entries;
    bool reload = last.size > 0;
    for (size_t i = 0; last.size && i < journal->n_entries; i++)
        if (span_equal(span_of(journal->entries[i].id), last)) {
            first = i + 1;
            reload = false;
        }
    six[0] = reply_integer((int64_t)rev->text.size);
    six[1] = reply_text(buffer_span(&vec->text));
    six[2] =
        reply_text(journal->n_entries ? span_of(journal->entries[journal->n_entries - 1].id) : span_of(""));
    six[3] = reply_integer(reload);
    six[4] = reply_entries(store, journal, first, journal->n_entries);
    six[5] = reply_entries(store, outbox, 0, outbox->n_entries < 16 ? outbox->n_entries : 16);
    return reply_array(six, 6);
}

static struct reply answer_load(struct store *store, const struct call *call)
{
    struct reply *all = store_replies(store, call->n_keys);
    for (size_t i = 0; i < call->n_keys; i++) {
        struct value *value = store_find(store, call_get(call, i));
        if (!value)
            all[i] = reply_array(NULL, 0);
        else if (!value->foreign)
            all[i] = reply_pairs(store, value->pairs, value->n_pairs);
    }
    return reply_array(all, call->n_keys);
}

static int64_t number_of(struct span text)
{
    struct reply reply = reply_text(text);
    return reply_i64(&reply, 0);
}

static struct reply answer_publish(struct store *store, const struct call *call)
{
    struct reply *all = store_replies(store, call->n_keys);
    int64_t rev = number_of(call_get(call, call->n_keys));
    size_t at = call->n_keys + 1;
    for (size_t i = 0; i < call->n_keys; i++) {
        struct value *value = store_make(store, call_get(call, i));
        size_t n = (size_t)number_of(call_get(call, at));
        bool higher = number_of(hash_get(value, span_of("rev"))) < rev;
        all[i] = reply_integer(higher);
        if (higher) {
            value_clear(value);
            for (size_t k = 0; k < n; k++)
                hash_set(value, call_get(call, at + 1 + 2 * k), call_get(call, at + 2 + 2 * k));
            store->n_written++;
        }
        at += 1 + 2 * n;
    }
    assert_int_equal(at, call->n_args);
    return reply_array(all, call->n_keys);
}

static struct reply answer_goal(struct store *store, const struct call *call)
{
    struct value *goals = store_make(store, call_get(call, 0));
    struct value *outbox = store_make(store, call_get(call, 1));
    struct reply *all = store_replies(store, call->n_args);
    size_t n_changes = 0;
    size_t at = 2;
    while (at < call->n_args) {
        struct span field = call_get(call, at), new = call_get(call, at + 2);
        size_t n = (size_t)number_of(call_get(call, at + 3));
        struct span current = hash_get(goals, field);
        if (!span_equal(current, call_get(call, at + 1))) {
            all[n_changes++] = reply_text(current);
        } else {
            if (new.size)
                hash_set(goals, field, new);
            else
                hash_remove(goals, field);
            struct entry *entry = n ? stream_add(store, outbox) : NULL;
            for (size_t k = 0; k < n; k += 2)
                pair_add(&entry->fields, &entry->n_fields, call_get(call, at + 4 + k),
                         call_get(call, at + 5 + k));
            all[n_changes++] = reply_integer(1);
        }
        at += 4 + n;
    }
    return reply_array(all, n_changes);
}

static struct reply answer_xadd(struct store *store, const struct call *call)
{
    struct value *stream = store_make(store, call_get(call, 1));
    struct entry *entry = stream_add(store, stream);
    assert_true(span_equal(call_get(call, 5), span_of("*")));
    for (size_t i = 6; i + 1 < call->n_args; i += 2)
        pair_add(&entry->fields, &entry->n_fields, call_get(call, i), call_get(call, i + 1));
    return reply_text(span_of(entry->id));
}

static struct reply answer_members(struct store *store, const struct value *value)
{
    struct reply *all = store_replies(store, value->n_pairs);
    for (size_t i = 0; i < value->n_pairs; i++)
        all[i] = reply_text(buffer_span(&value->pairs[i].name));
    return reply_array(all, value->n_pairs);
}

static int by_bytes(const void *left, const void *right)
{
    struct span a = ((const struct reply *)left)->text, b = ((const struct reply *)right)->text;
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* KEY - + LIMIT 0 N, or KEY (LAST + LIMIT 0 N */
static struct reply answer_range(struct store *store, const struct call *call, const struct value *value)
{
    struct reply *all = store_replies(store, value->n_pairs);
    struct span from = call_get(call, 2);
    struct reply last = reply_text(span_from(from.data + 1, from.size - 1));
    size_t limit = (size_t)number_of(call_get(call, 6)), n = 0;
    for (size_t i = 0; i < value->n_pairs; i++)
        all[i] = reply_text(buffer_span(&value->pairs[i].name));
    qsort(all, value->n_pairs, sizeof(*all), by_bytes);
    for (size_t i = 0; i < value->n_pairs && n < limit; i++)
        if (from.data[0] == '-' || by_bytes(&all[i], &last) > 0)
            all[n++] = all[i];
    return reply_array(all, n);
}

static struct reply answer_command(struct store *store, const struct call *call)
{
    struct span name = call_get(call, 0);
    struct span key = call_get(call, 1);
    struct value *value = store_make(store, key);
    if (span_equal(name, span_of("HGET"))) {
        struct pair *pair = pair_find(value, call_get(call, 2));
        return pair ? reply_text(buffer_span(&pair->value)) : (struct reply){0};
    }
    if (span_equal(name, span_of("HGETALL")))
        return reply_pairs(store, value->pairs, value->n_pairs);
    if (span_equal(name, span_of("HSCAN"))) {
        struct reply *two = store_replies(store, 2);
        two[0] = reply_text(span_of("0"));
        two[1] = reply_pairs(store, value->pairs, value->n_pairs);
        return reply_array(two, 2);
    }
    if (span_equal(name, span_of("SMEMBERS")))
        return answer_members(store, value);
    if (span_equal(name, span_of("ZRANGEBYLEX")))
        return answer_range(store, call, value);
    if (span_equal(name, span_of("UNLINK"))) {
        for (size_t i = 1; i < call->n_args; i++)
            value_clear(store_make(store, call_get(call, i)));
        return reply_integer(1);
    }
    if (span_equal(name, span_of("SADD"))) {
        for (size_t i = 2; i < call->n_args; i++)
            hash_set(value, call_get(call, i), span_of("1"));
        return reply_integer(1);
    }
    if (span_equal(name, span_of("ZADD"))) {
        for (size_t i = 2; i + 1 < call->n_args; i += 2)
            hash_set(value, call_get(call, i + 1), call_get(call, i));
        return reply_integer(1);
    }
    if (span_equal(name, span_of("HSET"))) {
        hash_set(value, call_get(call, 2), call_get(call, 3));
        return reply_integer(1);
    }
    if (span_equal(name, span_of("HDEL")) || span_equal(name, span_of("SREM")) ||
        span_equal(name, span_of("ZREM"))) {
        for (size_t i = 2; i < call->n_args; i++)
            hash_remove(value, call_get(call, i));
        return reply_integer(1);
    }
    if (span_equal(name, span_of("XADD")))
        return answer_xadd(store, call);
    if (span_equal(name, span_of("PUBLISH"))) {
        store->n_published++;
        return reply_integer(0);
    }
    if (span_equal(name, span_of("XDEL"))) {
        for (size_t i = value->n_entries; i > 0; i--)
            if (span_equal(span_of(value->entries[i - 1].id), call_get(call, 2)))
                stream_drop(value, i - 1);
        return reply_integer(1);
    }
    fail_msg("unknown command %.*s", (int)name.size, name.data);
    return (struct reply){0};
}

/* Holds until the next answer. */
static struct reply store_answer(struct store *store, const struct call *call)
{
    store_forget_reply(store);
    store->n_calls++;
    assert_int_equal(call_status(call), 0);
    switch (call->script) {
    case SCRIPT_NONE:
        return answer_command(store, call);
    case SCRIPT_READ:
        return answer_read(store, call);
    case SCRIPT_LOAD:
        return answer_load(store, call);
    case SCRIPT_PUBLISH:
        return answer_publish(store, call);
    case SCRIPT_GOAL:
        return answer_goal(store, call);
    default:
        fail_msg("unknown script %s", script_name(call->script));
        return (struct reply){0};
    }
}

#endif

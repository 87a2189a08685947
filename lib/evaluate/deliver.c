/*
 * DESIGN: an alert leaves the shard's outbox only after the stream has acknowledged it, so that a crash sends
 * it again and never loses it. The stream is in another slot than the shard, so this takes three commands.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

static void delivery_deinit(struct delivery *delivery)
{
    call_deinit(&delivery->add);
    buffer_deinit(&delivery->json);
}

void deliver_clear(struct shard *shard)
{
    for (size_t i = 0; i < shard->n_deliveries; i++)
        delivery_deinit(&shard->deliveries[i]);
    free(shard->deliveries);
    shard->deliveries = NULL;
    shard->n_deliveries = 0;
    shard->delivered = 0;
    shard->delivery_step = 0;
}

static int take_alert(struct evaluator *evaluator, const struct reply *entry, struct delivery *delivery)
{
    const struct reply *id = reply_at(entry, 0);
    const struct reply *fields = reply_at(entry, 1);
    if (id->type != REPLY_TEXT || id->text.size >= sizeof(delivery->id))
        return -EBADMSG;
    memcpy(delivery->id, id->text.data, id->text.size);
    struct call *add = &delivery->add;
    call_begin(add, SCRIPT_NONE);
    call_arg_text(add, "XADD");
    layout_root_key(&evaluator->layout, "alerts", fresh_key(evaluator));
    add_key_arg(evaluator, add);
    call_arg_text(add, "MAXLEN");
    call_arg_text(add, "~");
    call_arg_i64(add, evaluator->stream_length);
    call_arg_text(add, "*");
    for (size_t i = 0; i + 1 < fields->n_elements; i += 2) {
        struct span name = reply_at(fields, i)->text;
        struct span value = reply_at(fields, i + 1)->text;
        if (span_equal(name, span_of("json"))) {
            buffer_append_span(&delivery->json, value);
            continue;
        }
        call_arg(add, name);
        call_arg(add, value);
    }
    int r = call_status(add);
    return r < 0 ? r : buffer_status(&delivery->json);
}

int deliver_take(struct evaluator *evaluator, struct shard *shard, const struct reply *alerts)
{
    if (shard->n_deliveries || alerts->n_elements == 0)
        return 0;
    shard->deliveries = calloc(alerts->n_elements, sizeof(*shard->deliveries));
    if (!shard->deliveries)
        return -ENOMEM;
    shard->n_deliveries = alerts->n_elements;
    for (size_t i = 0; i < alerts->n_elements; i++) {
        int r = take_alert(evaluator, reply_at(alerts, i), &shard->deliveries[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static void copy_call(struct call *call, const struct call *from)
{
    call_begin(call, SCRIPT_NONE);
    for (size_t i = 0; i < from->n_args; i++)
        call_arg(call, call_get(from, i));
}

bool deliver_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    if (shard->delivered == shard->n_deliveries || evaluator->steady_ms < shard->deliver_at_ms)
        return false;
    const struct delivery *delivery = &shard->deliveries[shard->delivered];
    switch (shard->delivery_step) {
    case 0:
        copy_call(call, &delivery->add);
        return true;
    case 1:
        call_begin(call, SCRIPT_NONE);
        call_arg_text(call, "PUBLISH");
        layout_root_key(&evaluator->layout, "alerts", fresh_key(evaluator));
        add_key_arg(evaluator, call);
        call_arg(call, buffer_span(&delivery->json));
        return true;
    default:
        call_begin(call, SCRIPT_NONE);
        call_arg_text(call, "XDEL");
        layout_shard_key(&evaluator->layout, SHARD_CAMPAIGN, shard->number, ":outbox", fresh_key(evaluator));
        add_key_arg(evaluator, call);
        call_arg_text(call, delivery->id);
        return true;
    }
}

void deliver_reply(struct evaluator *evaluator, struct shard *shard)
{
    if (++shard->delivery_step <= 2)
        return;
    evaluator->stats.n_alerts++;
    shard->delivery_step = 0;
    if (++shard->delivered == shard->n_deliveries) {
        deliver_clear(shard);
        shard->read_due = true;
    }
}

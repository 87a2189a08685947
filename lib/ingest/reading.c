/*
 * By which rules a message is decoded. Ours have the common decoder; a slot that is still read by earlier ones
 * has a decoder of its own for as long as that lasts.
 */
#include "lib/ingest/reading.h"

#include "lib/event/mapping.h"
#include "lib/ingest/internal.h"

void reading_begin(struct ingest *ingest, struct slot *slot, const char *topic, enum event_type type)
{
    const struct ingest_rules *rules = &ingest->rules;
    const struct mapping_settings *mapping = rules->counting.mapping;
    slot->ours = (struct lane_rules){
        .type = type,
        .future_ms = rules->decode.future_ms,
        .message_bytes = rules->decode.message_bytes,
        .repeat_ms = rules->repeat_ms,
        .version = rules->counting.version,
    };
    slot->reading.ours = mapping ? mapping_of(mapping, topic) : NULL;
}

void reading_end(struct slot *slot)
{
    decoder_free(slot->reading.decoder);
    slot->reading.decoder = NULL;
}

/* Makes the slot's own decoder one for these rules, which are not ours. 0 or -ENOMEM. */
static int decode_by(struct ingest *ingest, struct slot *slot, const struct lane_rules *rules)
{
    struct slot_reading *reading = &slot->reading;
    const struct counting_rules *counting = versions_find(ingest, rules->version);
    struct decode_rules earlier = ingest->rules.decode;
    reading_end(slot);
    earlier.future_ms = rules->future_ms;
    earlier.message_bytes = rules->message_bytes;
    earlier.rates = counting->rates;
    earlier.has_lookup = counting->lookup != NULL;
    int r = decoder_new(&earlier, &reading->decoder);
    if (r < 0)
        return r;
    reading->rules = *rules;
    reading->counting = counting;
    reading->mapping =
        counting->mapping ? mapping_of(counting->mapping, ingest->topics[slot->topic].name) : NULL;
    return 0;
}

static bool is_ours(const struct ingest *ingest, const struct lane_rules *rules)
{
    const struct ingest_rules *ours = &ingest->rules;
    return rules->future_ms == ours->decode.future_ms && rules->message_bytes == ours->decode.message_bytes &&
           rules->version == ours->counting.version;
}

int reading_decode(struct ingest *ingest, struct slot *slot, const struct ingest_record *record,
                   struct event *ret_event)
{
    const struct lane_rules *rules = &lane_steps_at(&slot->steps, record->offset)->rules;
    struct slot_reading *reading = &slot->reading;
    bool ours = is_ours(ingest, rules);
    int r = 0;
    if (!ours && (!reading->decoder || !lane_rules_equal(&reading->rules, rules)))
        r = decode_by(ingest, slot, rules);
    if (r < 0)
        return r;
    const struct decode_input input = {
        .value = record->value,
        .record_ts_ms = record->record_ts_ms,
        .topic_type = rules->type,
        .mapping = ours ? reading->ours : reading->mapping,
        .headers = record->headers,
        .n_headers = record->n_headers,
    };
    r = decode_input(ours ? ingest->decoder : reading->decoder, &input, ret_event, NULL);
    if (r != 0 || ret_event->ad_id.size == 0)
        return r;
    ingest->counts.looked_up_again += record->offset < reading->again_until;
    return ad_table_resolve((ours ? &ingest->rules.counting : reading->counting)->lookup->table, ret_event);
}

static bool mapping_reads_headers(const struct mapping *mapping)
{
    for (uint16_t i = 0; mapping && i < mapping->n_slots; i++)
        if (mapping->slots[i].kind == SLOT_HEADER)
            return true;
    return false;
}

bool ingest_reads_headers(const struct ingest *ingest, size_t number)
{
    const struct slot *slot = &ingest->slots[number];
    bool reads = mapping_reads_headers(slot->reading.ours);
    for (size_t i = 0; !reads && i < slot->steps.n; i++) {
        const struct counting_rules *counting = versions_find(ingest, slot->steps.step[i].rules.version);
        reads = counting && counting->mapping &&
                mapping_reads_headers(mapping_of(counting->mapping, ingest->topics[slot->topic].name));
    }
    return reads;
}

int ingest_message(struct ingest *ingest, size_t slot, int64_t offset, int64_t record_ts_ms, struct span key,
                   struct span value)
{
    const struct ingest_record record = {
        .offset = offset, .record_ts_ms = record_ts_ms, .key = key, .value = value};
    return ingest_read(ingest, slot, &record);
}

struct conversion conversion_of(const struct ingest *ingest, const struct deferred *deferred)
{
    const struct slot *slot = &ingest->slots[deferred->slot];
    const struct lane_rules *rules = &lane_steps_at(&slot->steps, deferred->offset)->rules;
    return (struct conversion){ingest->rules.decode.currency, versions_find(ingest, rules->version)->rates};
}

enum reject_reason conversion_convert(void *context, struct span currency, int64_t at_ms, int64_t micros,
                                      int64_t *ret_micros)
{
    const struct conversion *conversion = context;
    char name[4] = "";
    if (span_equal(currency, span_of(conversion->currency))) {
        *ret_micros = micros;
        return REJECT_NONE;
    }
    if (currency.size >= sizeof(name))
        return REJECT_UNKNOWN_CURRENCY;
    memcpy(name, currency.data, currency.size);
    const struct rate *rate = rates_at(conversion->rates, name, at_ms);
    if (!rate)
        return REJECT_UNKNOWN_CURRENCY;
    return rate_convert(rate, micros, ret_micros) ? REJECT_NONE : REJECT_MONEY_RANGE;
}

/*
 * The stored texts of counting rules.
 *
 * DESIGN
 *   Problem   Lane rules name a version; whoever reads a lane by an earlier one needs its text, and texts that no
 * lane names must go at some time. The registry and the texts are two keys, perhaps on two servers. Approach  Our
 * text is stored before we register or level anything (STORE), so no lane ever names a text that is not there, and
 * once more after the registry names it, before anything is read (CONFIRM). Each storing changes the entry (it
 * begins with a number that grows). Who clears away (daemon/app_rules.c) reads the entries, then the registry, and
 * removes an entry that no lane names only if it is still the one he read: either he has seen the lane, or we
 * store after him. What is read by earlier rules is known once positions are; then their texts are fetched
 * (RECALL), but only those by which something has still to be read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/ingest/internal.h"

static const struct counting_rules none = {.version = 0};

const struct counting_rules *versions_find(const struct ingest *ingest, uint64_t version)
{
    const struct versions *versions = &ingest->versions;
    if (version == ingest->rules.counting.version)
        return &ingest->rules.counting;
    for (size_t i = 0; i < versions->n_earlier; i++)
        if (versions->earlier[i].version == version)
            return versions->earlier[i].counting;
    return version == 0 ? &none : NULL;
}

void versions_forget(struct ingest *ingest)
{
    struct versions *versions = &ingest->versions;
    for (size_t i = 0; i < versions->n_earlier; i++)
        ingest->rules.earlier.close(ingest->rules.earlier.context, versions->earlier[i].counting);
    *versions = (struct versions){.step = VERSIONS_DONE};
}

/* Adds a version to those that are wanted, once. False where they are too many. */
static bool want(struct ingest *ingest, uint64_t version)
{
    struct versions *versions = &ingest->versions;
    if (versions_find(ingest, version))
        return true;
    for (size_t i = 0; i < versions->n_wanted; i++)
        if (versions->wanted[i] == version)
            return true;
    if (versions->n_wanted + versions->n_earlier == VERSIONS_MAX)
        return false;
    versions->wanted[versions->n_wanted++] = version;
    return true;
}

bool versions_wait(struct ingest *ingest)
{
    ingest->versions.n_wanted = 0;
    for (size_t i = 0; i < ingest->n_slots; i++) {
        const struct lane_steps *steps = &ingest->slots[i].steps;
        for (size_t k = 0; k < steps->n; k++)
            if (!want(ingest, steps->step[k].rules.version)) {
                ingest_break(
                    ingest,
                    "more than %d earlier configurations decide how partitions are read whose shards are "
                    "not level; go back to the last configuration for a moment",
                    VERSIONS_MAX);
                return true;
            }
    }
    return ingest->versions.n_wanted > 0 || ingest->rules.counting.version != 0;
}

static bool any_entry_changed(const struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_slots; i++)
        if (ingest->slots[i].entry_changed)
            return true;
    return false;
}

void versions_begin(struct ingest *ingest)
{
    struct versions *versions = &ingest->versions;
    bool own = ingest->rules.counting.version != 0;
    versions->sent = false;
    versions->step = VERSIONS_DONE;
    if (ingest->phase == INGEST_REGISTERING && own)
        versions->step = VERSIONS_STORE;
    else if (ingest->phase == INGEST_LEVELLING && versions->n_wanted > 0)
        versions->step = VERSIONS_RECALL;
    else if (ingest->phase == INGEST_LEVELLING && own && !any_entry_changed(ingest))
        versions->step = VERSIONS_CONFIRM;
}

void versions_finish(struct ingest *ingest)
{
    if (ingest->rules.counting.version == 0) {
        sync_run(ingest);
        return;
    }
    ingest->versions.step = VERSIONS_CONFIRM;
    ingest->versions.sent = false;
}

static void version_argument(struct call *call, uint64_t version)
{
    char text[17];
    snprintf(text, sizeof(text), "%016" PRIx64, version);
    call_arg_text(call, text);
}

static void store_call(struct ingest *ingest, struct call *call)
{
    call_begin(call, SCRIPT_RULES);
    call_key(call, buffer_span(&ingest->scratch));
    call_arg_text(call, "put");
    version_argument(call, ingest->rules.counting.version);
    call_arg(call, ingest->rules.counting.text);
}

static void recall_call(struct ingest *ingest, struct call *call)
{
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HMGET");
    call_arg(call, buffer_span(&ingest->scratch));
    for (size_t i = 0; i < ingest->versions.n_wanted; i++)
        version_argument(call, ingest->versions.wanted[i]);
}

int versions_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    struct versions *versions = &ingest->versions;
    if (versions->sent)
        return 0;
    buffer_clear(&ingest->scratch);
    layout_common_key(&ingest->rules.layout, "rules", &ingest->scratch);
    int r = buffer_status(&ingest->scratch);
    if (r < 0)
        return r;
    if (versions->step == VERSIONS_RECALL)
        recall_call(ingest, call);
    else
        store_call(ingest, call);
    r = sync_send(ingest, (struct flight){.kind = FLIGHT_VERSIONS}, call, ret_tag);
    versions->sent = r == 1;
    return r;
}

/* An entry is "NUMBER TEXT". 0, COUNTING_UNREADABLE, or -ENOMEM. */
static int recall(struct ingest *ingest, uint64_t version, const struct reply *entry)
{
    struct versions *versions = &ingest->versions;
    const struct counting_source *source = &ingest->rules.earlier;
    const struct counting_rules *counting;
    const char *space = entry->type == REPLY_TEXT ? memchr(entry->text.data, ' ', entry->text.size) : NULL;
    if (!space || !source->open)
        return COUNTING_UNREADABLE;
    size_t before = (size_t)(space + 1 - entry->text.data);
    int r =
        source->open(source->context, version, span_from(space + 1, entry->text.size - before), &counting);
    if (r != 0)
        return r;
    versions->earlier[versions->n_earlier].version = version;
    versions->earlier[versions->n_earlier++].counting = counting;
    return 0;
}

static int recall_reply(struct ingest *ingest, const struct reply *reply)
{
    struct versions *versions = &ingest->versions;
    for (size_t i = 0; i < versions->n_wanted; i++) {
        int r = recall(ingest, versions->wanted[i], reply_at(reply, i));
        if (r < 0)
            return r;
        if (r > 0) {
            ingest_break(ingest,
                         "partitions have to be read on by an earlier configuration, version %016" PRIx64
                         ", which cannot be had; start with that one once more, or `roiwatch rebuild`",
                         versions->wanted[i]);
            return 0;
        }
    }
    versions->n_wanted = 0;
    versions->step = VERSIONS_DONE;
    if (!any_entry_changed(ingest))
        versions_finish(ingest);
    return 0;
}

int versions_reply(struct ingest *ingest, const struct reply *reply)
{
    enum versions_step step = ingest->versions.step;
    ingest->versions.sent = false;
    if (step == VERSIONS_RECALL)
        return recall_reply(ingest, reply);
    ingest->versions.step = VERSIONS_DONE;
    if (step == VERSIONS_CONFIRM)
        sync_run(ingest);
    return 0;
}

#include <errno.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

static void root_call(struct evaluator *evaluator, const char *command, const char *name, struct call *call)
{
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, command);
    layout_root_key(&evaluator->layout, name, fresh_key(evaluator));
    add_key_arg(evaluator, call);
}

enum request common_call(struct evaluator *evaluator, struct call *call)
{
    if (evaluator->steady_ms < evaluator->not_before_ms)
        return REQUEST_NONE;
    if (!evaluator->windows_known) {
        root_call(evaluator, "SMEMBERS", "~windows", call);
        return REQUEST_WINDOWS_READ;
    }
    if (!evaluator->windows_written) {
        root_call(evaluator, "SADD", "~windows", call);
        for (size_t i = 0; i < evaluator->book->n_windows; i++)
            call_arg_text(call, evaluator->book->windows[i].name);
        return REQUEST_WINDOWS_WRITE;
    }
    if (!evaluator->marks_due)
        return members_call(evaluator, call) ? REQUEST_MEMBERS : REQUEST_NONE;
    evaluator->marks_due = false;
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HGETALL");
    layout_common_key(&evaluator->layout, "marks", fresh_key(evaluator));
    add_key_arg(evaluator, call);
    return REQUEST_MARKS;
}

static bool is_configured(const struct evaluator *evaluator, struct span name)
{
    for (size_t i = 0; i < evaluator->book->n_windows; i++)
        if (span_equal(name, span_of(evaluator->book->windows[i].name)))
            return true;
    return false;
}

static int take_windows(struct evaluator *evaluator, const struct reply *reply)
{
    free(evaluator->retired);
    evaluator->n_retired = 0;
    evaluator->retired = calloc(RETIRED_MAX, sizeof(*evaluator->retired));
    if (!evaluator->retired)
        return -ENOMEM;
    for (size_t i = 0; i < reply->n_elements && evaluator->n_retired < RETIRED_MAX; i++) {
        struct span name = reply_at(reply, i)->text;
        if (name.size && name.size < WINDOW_NAME_SIZE && !is_configured(evaluator, name))
            memcpy(evaluator->retired[evaluator->n_retired++], name.data, name.size);
    }
    evaluator->windows_known = true;
    evaluator->windows_written = evaluator->book->n_windows == 0;
    return 0;
}

static int set_mark(struct evaluator *evaluator, uint32_t partition, const struct partition_mark *mark)
{
    if (partition >= evaluator->n_marks) {
        size_t n = (size_t)partition + 1;
        struct partition_mark *marks = realloc(evaluator->marks, n * sizeof(*marks));
        if (!marks)
            return -ENOMEM;
        for (size_t i = evaluator->n_marks; i < n; i++)
            marks[i] = PARTITION_MARK_NONE;
        evaluator->marks = marks;
        evaluator->n_marks = n;
    }
    evaluator->marks[partition] = *mark;
    return 0;
}

static int take_marks(struct evaluator *evaluator, const struct reply *reply)
{
    evaluator->n_marks = 0;
    for (size_t i = 0; i + 1 < reply->n_elements; i += 2) {
        int64_t partition = reply_i64(reply_at(reply, i), -1);
        struct partition_mark mark;
        if (partition < 0 || partition >= PARTITIONS_MAX ||
            partition_mark_parse(reply_at(reply, i + 1)->text, &mark) != 0)
            continue;
        int r = set_mark(evaluator, (uint32_t)partition, &mark);
        if (r < 0)
            return r;
    }
    return 0;
}

int common_reply(struct evaluator *evaluator, enum request request, const struct reply *reply)
{
    switch (request) {
    case REQUEST_WINDOWS_READ:
        return take_windows(evaluator, reply);
    case REQUEST_WINDOWS_WRITE:
        evaluator->windows_written = true;
        return 0;
    case REQUEST_MEMBERS:
        return members_reply(evaluator, reply);
    default:
        return take_marks(evaluator, reply);
    }
}

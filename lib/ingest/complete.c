/*
 * How far touches are complete: what the readers of all partitions say, once a second, and the names of their lanes.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

bool is_complete(const struct completeness *complete, int64_t complete_ms, int64_t order_ms)
{
    if (complete_ms == NEVER)
        return false;
    /* In a log that was read to its end and rests, nothing comes any more, not even of the same instant. */
    return complete_ms > order_ms || (complete->settled && complete_ms == order_ms);
}

void completeness_deinit(struct completeness *complete)
{
    free((void *)complete->lanes.partitions);
    free((void *)complete->lanes.marks);
    *complete = (struct completeness){.by_marks_ms = NEVER};
}

static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size ? size : 1);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

int ingest_look(struct ingest *ingest, const struct ingest_view *view)
{
    struct lanes lanes = *view->lanes;
    lanes.partitions = copy_of(lanes.partitions, lanes.n_partitions * sizeof(*lanes.partitions));
    lanes.marks = copy_of(lanes.marks, lanes.n_marks * sizeof(*lanes.marks));
    if (!lanes.partitions || !lanes.marks) {
        free((void *)lanes.partitions);
        free((void *)lanes.marks);
        return -ENOMEM;
    }
    completeness_deinit(&ingest->complete);
    ingest->complete = (struct completeness){lanes, view->settled, lanes_marks_complete(&lanes)};
    ingest->passed_ms = view->passed_ms;
    return 0;
}

int ingest_name_lane(struct ingest *ingest, uint32_t index, const char *name)
{
    if (index >= ingest->n_lane_names) {
        char **grown = realloc(ingest->lane_names, ((size_t)index + 1) * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->lane_names = grown;
        while (ingest->n_lane_names <= index)
            grown[ingest->n_lane_names++] = NULL;
    }
    if (ingest->lane_names[index] && strcmp(ingest->lane_names[index], name) == 0)
        return 0;
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    free(ingest->lane_names[index]);
    ingest->lane_names[index] = copy;
    return 0;
}

const char *lane_name(const struct ingest *ingest, uint32_t lane)
{
    uint32_t index = lane / LANES_PER_PARTITION;
    return index < ingest->n_lane_names ? ingest->lane_names[index] : NULL;
}

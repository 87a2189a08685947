#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

enum { KEY_MAX = 300 };

static struct span name_make(struct span key, struct span field, char name[KEY_MAX + 4])
{
    memcpy(name, key.data, key.size);
    memcpy(name + key.size, field.data, field.size);
    return span_from(name, key.size + field.size);
}

static struct expected_cell *cell_new(struct span name, size_t key_size, size_t n_columns)
{
    struct expected_cell *cell = calloc(1, sizeof(*cell) + n_columns * sizeof(int64_t) + name.size);
    if (!cell)
        abort();
    char *bytes = (char *)(cell->columns + n_columns);
    memcpy(bytes, name.data, name.size);
    cell->key = span_from(bytes, key_size);
    cell->field = span_from(bytes + key_size, name.size - key_size);
    cell->n_columns = n_columns;
    return cell;
}

struct expected_cell *cells_touch(struct recount *recount, const char *key, size_t key_size, uint32_t field,
                                  size_t n_columns)
{
    char bytes[4] = {(char)(field >> 24), (char)(field >> 16), (char)(field >> 8), (char)field};
    char text[KEY_MAX + 4];
    struct span name = name_make(span_from(key, key_size), span_from(bytes, 4), text);
    struct expected_cell *cell = table_get(&recount->expected, name);
    if (!cell) {
        cell = cell_new(name, key_size, n_columns);
        if (table_put(&recount->expected, name, cell) < 0)
            abort();
    }
    if (!cell->listed) {
        cell->listed = true;
        cell->next = recount->changed;
        recount->changed = cell;
    }
    return cell;
}

static const char *column_name(size_t n_columns, size_t column)
{
    if (n_columns == N_CELL_COLUMNS)
        return cell_column_name((enum cell_column)column);
    if (n_columns == LAG_WIDTH)
        return column < LAG_WIDTH / 2 ? "lag, orders" : "lag, revenue";
    return column < LANE_REJECTED ? lane_column_name((enum lane_column)column)
                                  : reject_reason_name((enum reject_reason)(column - LANE_REJECTED + 1));
}

static void cell_compare(struct recount *recount, struct span key, struct span field, struct span stored,
                         const struct expected_cell *cell)
{
    bool lanes = key.size > 6 && memcmp(key.data + key.size - 6, ":lanes", 6) == 0;
    bool lags = memmem(key.data, key.size, "}:lags:", 7) != NULL;
    size_t n_columns = lags ? LAG_WIDTH : lanes ? LANE_WIDTH : N_CELL_COLUMNS;
    if (stored.size > 8 * n_columns || (stored.size && stored.data[stored.size - 1] == 0))
        fail(recount->failure, "%.*s holds a cell of %zu bytes", (int)key.size, key.data, stored.size);
    for (size_t i = 0; i < n_columns; i++) {
        int64_t expected = cell ? cell->columns[i] : 0;
        int64_t found = bytes_i64(stored, 8 * i);
        if (found != expected)
            fail(recount->failure,
                 "%.*s, field %" PRIu32 ", %s: holds %" PRId64 ", the recount says %" PRId64, (int)key.size,
                 key.data, bytes_u32(field, 0), column_name(n_columns, i), found, expected);
    }
}

static struct span cell_stored(const struct recount *recount, struct span key, struct span field)
{
    return store_field(store_find(recount->store, key), field);
}

void cells_compare_changed(struct recount *recount)
{
    while (recount->changed) {
        struct expected_cell *cell = recount->changed;
        recount->changed = cell->next;
        cell->listed = false;
        cell_compare(recount, cell->key, cell->field, cell_stored(recount, cell->key, cell->field), cell);
    }
}

static void named_compare(struct recount *recount, struct span key, struct span field)
{
    char text[KEY_MAX + 4];
    const struct expected_cell *cell = table_get(&recount->expected, name_make(key, field, text));
    cell_compare(recount, key, field, cell_stored(recount, key, field), cell);
}

void cells_compare_named(struct recount *recount, const struct call *call)
{
    struct span groups = call_get(call, call->n_keys + 1);
    size_t field = call->n_keys + 4;
    for (size_t g = 0; 4 * g < groups.size; g++)
        for (uint32_t n = bytes_u32(groups, 4 * g) >> 16; n > 0; n--, field++)
            if (bytes_u32(groups, 4 * g) & 0xffff) /* else records of spend */
                named_compare(recount, call_get(call, 3 + g), call_get(call, field));
}

static bool holds_cells(struct span key)
{
    struct span brace = {memchr(key.data, '}', key.size), 0};
    if (!brace.data || key.data[5] != '{' || key.data[6] != 'c')
        return false;
    size_t size = key.size - (size_t)(brace.data - key.data);
    return (size > 4 && memcmp(brace.data, "}:s:", 4) == 0) ||
           (size == 7 && memcmp(brace.data, "}:lanes", 7) == 0);
}

void cells_compare_all(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->expected, &cursor));) {
        struct expected_cell *cell = entry->value;
        cell_compare(recount, cell->key, cell->field, cell_stored(recount, cell->key, cell->field), cell);
    }
    cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->store->objects, &cursor));) {
        const struct sim_object *object = entry->value;
        size_t fields = 0;
        if (!holds_cells(table_entry_key(entry)))
            continue;
        for (struct table_entry *field; (field = table_next(&object->fields, &fields));)
            named_compare(recount, table_entry_key(entry), table_entry_key(field));
    }
}

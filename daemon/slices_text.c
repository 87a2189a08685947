#include "daemon/slices_text.h"

#include <inttypes.h>
#include <stdio.h>

void slices_text(const struct settings *settings, struct buffer *buffer)
{
    const struct tiers *tiers = &settings->book.tiers;
    buffer_printf(buffer, "disorder=%" PRId64, settings->book.disorder_ms);
    for (size_t i = 0; i < tiers->n; i++)
        buffer_printf(buffer, " %" PRId64 ":%" PRId64, tiers->tier[i].slice_ms, tiers->tier[i].reach_ms);
    measures_text(&settings->book.measures, buffer);
}

/* Measures are columns by number: other ones are other columns, also where there are fewer. */
static bool measures_equal(const struct measures *measures, const char *stored)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    measures_text(measures, &text);
    return buffer_status(&text) == 0 && span_equal(buffer_span(&text), span_of(stored));
}

bool slices_cover(const struct settings *settings, struct span stored)
{
    char text[TIERS_MAX * 48 + MEASURES_MAX * 800 + 64];
    const struct tiers *tiers = &settings->book.tiers;
    int64_t disorder_ms;
    int size = 0;
    if (stored.size >= sizeof(text))
        return false;
    memcpy(text, stored.data, stored.size);
    text[stored.size] = '\0';
    if (sscanf(text, "disorder=%" SCNd64 "%n", &disorder_ms, &size) != 1 ||
        disorder_ms != settings->book.disorder_ms)
        return false;
    size_t covered = 0;
    const char *rest = text + size;
    for (int64_t slice_ms, reach_ms;
         sscanf(rest, " %" SCNd64 ":%" SCNd64 "%n", &slice_ms, &reach_ms, &size) == 2; rest += size)
        for (size_t i = 0; i < tiers->n; i++)
            covered += tiers->tier[i].slice_ms == slice_ms && tiers->tier[i].reach_ms <= reach_ms;
    return covered == tiers->n && measures_equal(&settings->book.measures, rest);
}

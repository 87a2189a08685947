/*
 * Lookup files from arbitrary text: what is taken holds ids of the contract only, and comes to the same when its rows are
 * written with quotes and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/buffer.h"
#include "lib/event/ad_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static const char header[] = "ad_id,campaign_id\n";

/* One row with its ad as the text, in quotes, read back. */
static void check_quoted(struct span ad)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    struct ad_table *table = NULL;
    size_t line;
    buffer_append_text(&text, header);
    buffer_append_u8(&text, '"');
    for (size_t i = 0; i < ad.size; i++) {
        if (ad.data[i] == '"')
            buffer_append_u8(&text, '"');
        buffer_append_u8(&text, (uint8_t)ad.data[i]);
    }
    buffer_append_text(&text, "\",\"c\"\r\n");
    MUST(buffer_status(&text) == 0);
    int r = ad_table_read(buffer_span(&text), &table, &line);
    MUST(r == 0 || r == AD_BAD_ID);
    MUST(r == AD_BAD_ID || (ad_table_count(table) == 1 && ad_table_find(table, ad).size == 1));
    ad_table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    struct ad_table *table = NULL;
    size_t line = 0;
    struct span given = span_from(data, size);
    buffer_append_text(&text, size && data[0] & 1 ? header : "");
    buffer_append_span(&text, given);
    int r = ad_table_read(text.data ? buffer_span(&text) : span_of(""), &table, &line);
    MUST(r >= 0 && line >= 1);
    MUST(r == 0 || (!table && *ad_fault_text((enum ad_fault)r)));
    MUST(r != 0 || ad_table_changes(table, table) == 0);
    ad_table_free(table);
    check_quoted(given);
    return 0;
}

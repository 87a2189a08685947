#include "lib/report/measures.h"

#include <ctype.h>

static unsigned which_count(const struct measures *measures, bool of_orders, struct span what)
{
    unsigned which = 0;
    for (size_t i = 0; i < measures->n; i++)
        if (measures->items[i].of_orders == of_orders && span_equal(measures->items[i].what, what))
            which |= 1U << i;
    return which;
}

unsigned measures_of_action(const struct measures *measures, struct span action)
{
    return which_count(measures, false, action);
}

unsigned measures_of_kind(const struct measures *measures, struct span kind)
{
    return which_count(measures, true, kind.size ? kind : span_of(MEASURE_KIND_DEFAULT));
}

void measures_set(unsigned which, int64_t amount, struct cell *cell)
{
    for (int i = 0; which; i++, which >>= 1)
        if (which & 1)
            cell->column[CELL_MEASURE_1 + i] = amount;
}

void measures_text(const struct measures *measures, struct buffer *buffer)
{
    for (size_t i = 0; i < measures->n; i++) {
        const struct measure *measure = &measures->items[i];
        buffer_append_text(buffer, measure->of_orders ? " kind:" : " action:");
        for (size_t k = 0; k < measure->what.size; k++) {
            unsigned char byte = (unsigned char)measure->what.data[k];
            if (byte < 0x80 && isalnum(byte))
                buffer_append_u8(buffer, byte);
            else
                buffer_printf(buffer, "%%%02X", byte);
        }
    }
}

#include "lib/config/troff.h"

#include <stdbool.h>

void troff_append(struct span text, struct buffer *buffer)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool begins = i == 0 || text.data[i - 1] == '\n';
        if (begins && (c == '.' || c == '\''))
            buffer_append_text(buffer, "\\&");
        if (c == '-')
            buffer_append_text(buffer, "\\-");
        else if (c == '\\')
            buffer_append_text(buffer, "\\e");
        else if (c == '\'')
            buffer_append_text(buffer, "\\(aq");
        else if (c == '~')
            buffer_append_text(buffer, "\\(ti");
        else if (c == '^')
            buffer_append_text(buffer, "\\(ha");
        else if (c == '`')
            buffer_append_text(buffer, "\\(ga");
        else
            buffer_append(buffer, &c, 1);
    }
}

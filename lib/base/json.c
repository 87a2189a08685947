#include "lib/base/json.h"

void json_append_text(struct buffer *buffer, struct span text)
{
    buffer_append_u8(buffer, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\')
            buffer_append_u8(buffer, '\\');
        if (byte < 0x20)
            buffer_printf(buffer, "\\u%04x", byte);
        else
            buffer_append_u8(buffer, byte);
    }
    buffer_append_u8(buffer, '"');
}

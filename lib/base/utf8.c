#include "lib/base/utf8.h"

/* Bytes of the character that begins with this one, 0 where none does. */
static size_t character_size(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/* Whether the second byte is outside of what the first leaves: too long a form, a surrogate, beyond the end. */
static bool is_outside(unsigned char first, unsigned char second)
{
    return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
           (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
}

bool utf8_is_valid(struct span text)
{
    for (size_t i = 0; i < text.size;) {
        const unsigned char *at = (const unsigned char *)text.data + i;
        size_t size = character_size(*at);

        if (size == 0 || size > text.size - i || (size > 1 && is_outside(at[0], at[1])))
            return false;
        for (size_t j = 1; j < size; j++)
            if ((at[j] & 0xC0) != 0x80)
                return false;
        i += size;
    }
    return true;
}

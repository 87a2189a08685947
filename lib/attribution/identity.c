#include "lib/attribution/identity.h"

#include <sodium.h>

void identity_append(const struct identity_rules *rules, enum identity_kind kind, struct span id,
                     struct buffer *buffer)
{
    buffer_append_u8(buffer, (uint8_t)kind);
    if (!rules->hashed) {
        buffer_append_span(buffer, id);
        return;
    }
    unsigned char hash[IDENTITY_HASH_SIZE];
    /* It fails only where sizes are out of their limits, which the settings have checked. */
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)id.data, id.size, rules->key,
                             rules->key_size);
    buffer_append(buffer, hash, sizeof(hash));
}

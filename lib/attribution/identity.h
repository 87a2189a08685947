/*
 * Identities: what a person's touches are stored and found under.
 *
 * A user's id and a click's id are identities of their own; that of a click may be the only one an order has. With
 * attribution.hash_identities Redis holds a keyed hash (BLAKE2b, 128 bits, of libsodium) instead of the id: who has no
 * key can neither read an id nor try ids out.
 */
#ifndef ROIWATCH_ATTRIBUTION_IDENTITY_H
#define ROIWATCH_ATTRIBUTION_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buffer.h"

enum identity_kind { IDENTITY_USER = 'u', IDENTITY_CLICK = 'c' };

enum { IDENTITY_KEY_LEAST = 16, IDENTITY_KEY_MOST = 64, IDENTITY_HASH_SIZE = 16, IDENTITIES_MOST = 2 };

/* How identities are stored. */
struct identity_rules {
    bool hashed;
    uint8_t key[IDENTITY_KEY_MOST];
    size_t key_size; /* IDENTITY_KEY_LEAST to IDENTITY_KEY_MOST where hashed */
};

/* Appends the identity as it is stored: the kind, then the id or its hash. */
void identity_append(const struct identity_rules *rules, enum identity_kind kind, struct span id,
                     struct buffer *buffer);

#endif

/*
 * What the ledger's files share; nothing outside includes it.
 */
#ifndef ROIWATCH_ATTRIBUTION_LEDGER_INTERNAL_H
#define ROIWATCH_ATTRIBUTION_LEDGER_INTERNAL_H

#include "lib/attribution/ledger.h"

MUST_CHECK int ledger_reserve_shares(struct ledger *ledger, size_t n);
MUST_CHECK int ledger_reserve_refunds(struct ledger *ledger, size_t n);

#endif

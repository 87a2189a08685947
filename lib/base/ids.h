/*
 * Ids: their bounds, and the campaigns that only roiwatch itself may name.
 */
#ifndef ROIWATCH_BASE_IDS_H
#define ROIWATCH_BASE_IDS_H

enum { ID_BYTES_MAX = 256 };

#define CAMPAIGN_UNATTRIBUTED "(unattributed)" /* orders that no touch earned */
#define CAMPAIGN_OVERFLOW "(overflow)"         /* campaigns beyond limits.campaigns */

#endif

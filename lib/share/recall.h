/* What the log says of a copy that left, and what became of it. */
#ifndef VPI_SHARE_RECALL_H
#define VPI_SHARE_RECALL_H

#include "base/status.h"
#include <voicepriv/recall.h>

/* Why a copy must come back when the gate would give these reasons; the strongest of them. */
vpriv_recall_cause vpi_recall_cause_of(uint32_t deny_reasons);

#endif

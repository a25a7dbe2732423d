/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of ebpfguardctl report share. */
#ifndef EG_CTL_REPORT_H
#define EG_CTL_REPORT_H

#include "audit.h"

/* Prints what was found, finished, as one JSON object. Cells of tables are words as eg_event_escape
 * makes them. Out of memory ends the program. */
void eg_ctl_report_json(const struct eg_audit *audit);

#endif

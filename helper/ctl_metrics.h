/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between ctl_metrics.c and ctl_metrics_json.c. */
#ifndef EG_CTL_METRICS_H
#define EG_CTL_METRICS_H

#include <stdio.h>

#include "openmetrics.h"

/* Prints all of it as a JSON object. Whether that went well is for the caller to see (ferror). */
void eg_ctl_metrics_json(const struct eg_openmetrics *metrics, FILE *out);

#endif

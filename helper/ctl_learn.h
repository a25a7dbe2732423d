/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between ctl_learn.c and ctl_learn_json.c. */
#ifndef EG_CTL_LEARN_H
#define EG_CTL_LEARN_H

#include "learn.h"

/* Prints the evidence as a JSON object. look: as in eg_learn_choose. 0 or -ENOMEM. */
int eg_ctl_learn_json(const struct eg_learn *learn, eg_learn_look look);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Makes the dynamically linked copy of try need libegnothing.so.1, whose place others take. */
int eg_nothing(void);
int (*eg_linked(void))(void);

int (*eg_linked(void))(void)
{
	return eg_nothing;
}

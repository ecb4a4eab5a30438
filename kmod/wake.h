/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_WAKE_H
#define _IOKMEM_WAKE_H

#include <linux/wait_bit.h>

/* Who waits for what has just changed, by wait_var_event(), looks again. */
static inline void iokmem_wake_up(void *var)
{
	/* The change comes first, then the look whether anybody waits. */
	smp_mb();
	wake_up_var(var);
}

#endif /* _IOKMEM_WAKE_H */

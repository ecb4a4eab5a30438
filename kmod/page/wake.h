/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_WAKE_H
#define _IOKMEM_WAKE_H

#include <linux/wait.h>
#include <linux/wait_bit.h>

/* Who waits for what has just changed, in this queue, looks again. */
static inline void iokmem_wake_all(struct wait_queue_head *queue)
{
	/* With a barrier between the change and the look whether anybody waits. */
	if (wq_has_sleeper(queue))
		wake_up_all(queue);
}

/* The same of who waits by wait_var_event(), looks again. */
static inline void iokmem_wake_up(void *var)
{
	/* The change comes first, then the look whether anybody waits. */
	smp_mb();
	wake_up_var(var);
}

#endif /* _IOKMEM_WAKE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_WAKE_H
#define _IOKMEM_WAKE_H

#include <linux/wait.h>
#include <linux/wait_bit.h>

/* Wake all waiters on @queue so that they re-check their condition. */
static inline void iokmem_wake_all(struct wait_queue_head *queue)
{
	/* wq_has_sleeper() orders the caller's change before the check for waiters. */
	if (wq_has_sleeper(queue))
		wake_up_all(queue);
}

/* Wake all wait_var_event(@var) waiters so that they re-check their condition. */
static inline void iokmem_wake_up(void *var)
{
	/* Order the caller's change before the check for waiters. */
	smp_mb();
	wake_up_var(var);
}

#endif /* _IOKMEM_WAKE_H */

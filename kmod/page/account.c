// SPDX-License-Identifier: GPL-2.0
/*
 * RLIMIT_MEMLOCK for wired memory that programs make.
 *
 * Charged to the user, as io_uring and iommufd do, not to the address space: a
 * buffer outlives its maker's exec and exit when others hold it, and a limit
 * that exec resets would be none. Pages that are pinned keep their charge when
 * the buffer goes (leftover.c). The memory cgroup is charged by the page
 * allocator (GFP_KERNEL_ACCOUNT).
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "page/account.h"
#include "page/leftover.h"
#include "page/wake.h"

/* The worker's jobs that are about to let memory go. */
static atomic_t iokmem_nr_ending;

/*
 * iokmem_ending - a worker will let memory go, until iokmem_ended()
 */
void iokmem_ending(void)
{
	atomic_inc(&iokmem_nr_ending);
}

void iokmem_ended(void)
{
	if (atomic_dec_and_test(&iokmem_nr_ending))
		iokmem_wake_up(&iokmem_nr_ending);
}

static int try_charge(unsigned long nr_pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	long old = atomic_long_read(&user->locked_vm);
	unsigned long sum;

	do {
		if (check_add_overflow((unsigned long)old, nr_pages, &sum) ||
		    (sum > limit && !capable(CAP_IPC_LOCK)))
			return -EPERM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, sum));
	return 0;
}

/*
 * iokmem_charge_user - charge @nr_pages to the calling task's user
 *
 * CAP_IPC_LOCK is exempt from the limit, but counted. Memory that the user has just let go
 * may be charged until a worker has run: wait a little for that. Pages that the user has just
 * unpinned may be charged until somebody looks: do so. Return 0 or -EPERM.
 */
int iokmem_charge_user(struct iokmem_charge *charge, unsigned long nr_pages)
{
	if (try_charge(nr_pages)) {
		wait_var_event_timeout(&iokmem_nr_ending,
				       !atomic_read(&iokmem_nr_ending), HZ / 10);
		iokmem_leftover_collect();
		if (try_charge(nr_pages))
			return -EPERM;
	}

	/* Some kernels do not export free_uid(). */
	charge->cred = get_current_cred();
	charge->nr_pages = nr_pages;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Charges for memory: RLIMIT_MEMLOCK for wired memory, and the memory cgroup. The program that
 * makes the memory pays, or the task that a driver names.
 *
 * RLIMIT_MEMLOCK is charged to the user, as io_uring and iommufd do, not to the
 * address space: a buffer outlives its maker's exec and exit when others hold it,
 * and a limit that exec resets would be none. Pages that are pinned keep their
 * charge when the buffer goes (leftover.c). The memory cgroup is charged by the
 * page allocator (GFP_KERNEL_ACCOUNT).
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <linux/iokmem.h>

#include "page/account.h"
#include "page/address_space.h"
#include "page/compat.h"
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

/*
 * iokmem_wait_ended - wait a little for the worker's jobs
 *
 * A job may call drivers, so it may depend on a lock of the caller's.
 */
void iokmem_wait_ended(void)
{
	wait_var_event_timeout(&iokmem_nr_ending, !atomic_read(&iokmem_nr_ending), HZ / 10);
}

/*
 * iokmem_payer_init - have the user and the memory cgroup of @task pay
 *
 * With NULL and IOKMEM_KERNEL_TASK nobody pays. Returns 0, or -ESRCH if @task has exited, or
 * -EINVAL if it is a kernel thread.
 */
int iokmem_payer_init(struct iokmem_payer *payer, struct task_struct *task)
{
	struct mm_struct *mm;

	*payer = (struct iokmem_payer){};
	if (!task || task == IOKMEM_KERNEL_TASK)
		return 0;
	mm = iokmem_task_mm(task);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	payer->memcg = get_mem_cgroup_from_mm(mm);
	mmput(mm);
	payer->cred = get_task_cred(task);
	payer->limit = task_rlimit(task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	return 0;
}

/*
 * iokmem_payer_current - have the calling task pay for what it allocates
 *
 * Its memory cgroup is charged anyway.
 */
void iokmem_payer_current(struct iokmem_payer *payer)
{
	*payer = (struct iokmem_payer){
		.cred = get_current_cred(),
		.limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT,
	};
}

/*
 * iokmem_payer_copy - make @payer another reference to who pays by @from
 */
void iokmem_payer_copy(struct iokmem_payer *payer, const struct iokmem_payer *from)
{
	*payer = *from;
	if (!from->cred)
		return;
	get_cred(from->cred);
	/* It cannot fail, since @from has a reference. */
	WARN_ON(!mem_cgroup_tryget(from->memcg));
}

void iokmem_payer_fini(struct iokmem_payer *payer)
{
	if (!payer->cred)
		return;
	mem_cgroup_put(payer->memcg);
	put_cred(payer->cred);
	payer->cred = NULL;
}

/*
 * iokmem_payer_capable - return true if who pays has a capability
 *
 * capable() knows the calling task only.
 */
bool iokmem_payer_capable(const struct iokmem_payer *payer, int cap)
{
	if (payer->cred == current_cred())
		return capable(cap);
	return payer->cred->user_ns == &init_user_ns &&
	       cap_raised(payer->cred->cap_effective, cap);
}

/*
 * iokmem_payer_enter - charge what the calling task allocates to the memory cgroup that pays
 *
 * Returns the cgroup for iokmem_payer_leave() to restore.
 */
struct mem_cgroup *iokmem_payer_enter(const struct iokmem_payer *payer)
{
	return payer->memcg ? set_active_memcg(payer->memcg) : NULL;
}

void iokmem_payer_leave(const struct iokmem_payer *payer, struct mem_cgroup *old)
{
	if (payer->memcg)
		set_active_memcg(old);
}

static int try_charge(const struct iokmem_payer *payer, unsigned long nr_pages)
{
	struct user_struct *user = payer->cred->user;
	long old = atomic_long_read(&user->locked_vm);
	unsigned long sum;

	do {
		if (check_add_overflow((unsigned long)old, nr_pages, &sum) ||
		    (sum > payer->limit && !iokmem_payer_capable(payer, CAP_IPC_LOCK)))
			return -EPERM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, sum));
	return 0;
}

/*
 * iokmem_charge - charge @nr_pages to the user who pays
 *
 * CAP_IPC_LOCK is exempt from the limit, but counted. Memory that the user has just let go
 * may be charged until a worker has run: wait a little for that. Pages that the user has just
 * unpinned may be charged until somebody looks: do so. Return 0 or -EPERM.
 */
int iokmem_charge(struct iokmem_charge *charge, const struct iokmem_payer *payer,
		  unsigned long nr_pages)
{
	if (!payer->cred)
		return 0;
	if (try_charge(payer, nr_pages)) {
		iokmem_wait_ended();
		iokmem_leftover_collect();
		if (try_charge(payer, nr_pages))
			return -EPERM;
	}

	/* Some kernels do not export free_uid(). */
	charge->cred = get_cred(payer->cred);
	charge->nr_pages = nr_pages;
	return 0;
}

/*
 * iokmem_charge_current - charge @nr_pages to the calling task's user
 */
int iokmem_charge_current(struct iokmem_charge *charge, unsigned long nr_pages)
{
	struct iokmem_payer payer;
	int err;

	iokmem_payer_current(&payer);
	err = iokmem_charge(charge, &payer, nr_pages);
	iokmem_payer_fini(&payer);
	return err;
}

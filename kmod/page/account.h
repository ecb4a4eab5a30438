/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ACCOUNT_H
#define _IOKMEM_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/sched/user.h>
#include <linux/types.h>

struct mem_cgroup;
struct task_struct;

/**
 * struct iokmem_payer - who is charged for memory
 * @cred: credentials of the user; NULL: nobody is charged
 * @memcg: the memory cgroup, or NULL: that of the calling task
 * @limit: the user's RLIMIT_MEMLOCK, in pages
 *
 * The task that it was made for may exit.
 */
struct iokmem_payer {
	const struct cred *cred;
	struct mem_cgroup *memcg;
	unsigned long limit;
};

/**
 * struct iokmem_charge - locked memory charged to a user
 * @cred: counted reference to credentials of the user, or NULL when nothing is charged
 * @nr_pages: how many pages
 */
struct iokmem_charge {
	const struct cred *cred;
	unsigned long nr_pages;
};

void iokmem_payer_current(struct iokmem_payer *payer);
int iokmem_payer_init(struct iokmem_payer *payer, struct task_struct *task);
void iokmem_payer_copy(struct iokmem_payer *payer, const struct iokmem_payer *from);
void iokmem_payer_fini(struct iokmem_payer *payer);
bool iokmem_payer_capable(const struct iokmem_payer *payer, int cap);
struct mem_cgroup *iokmem_payer_enter(const struct iokmem_payer *payer);
void iokmem_payer_leave(const struct iokmem_payer *payer, struct mem_cgroup *old);
int iokmem_charge(struct iokmem_charge *charge, const struct iokmem_payer *payer,
		  unsigned long nr_pages);
int iokmem_charge_current(struct iokmem_charge *charge, unsigned long nr_pages);
void iokmem_ending(void);
void iokmem_ended(void);
void iokmem_wait_ended(void);

/*
 * iokmem_uncharge - undo iokmem_charge(); a charge of nothing is fine
 */
static inline void iokmem_uncharge(struct iokmem_charge *charge)
{
	if (!charge->cred)
		return;

	WARN_ON_ONCE(atomic_long_sub_return(charge->nr_pages,
					    &charge->cred->user->locked_vm) < 0);
	put_cred(charge->cred);
	charge->cred = NULL;
}

#endif /* _IOKMEM_ACCOUNT_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ACCOUNT_H
#define _IOKMEM_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/sched/user.h>
#include <linux/types.h>

/**
 * struct iokmem_charge - locked memory charged to a user
 * @cred: counted reference to credentials of the user, or NULL when nothing is charged
 * @nr_pages: how many pages
 */
struct iokmem_charge {
	const struct cred *cred;
	unsigned long nr_pages;
};

int iokmem_charge_user(struct iokmem_charge *charge, unsigned long nr_pages);
void iokmem_ending(void);
void iokmem_ended(void);

/*
 * iokmem_uncharge - undo iokmem_charge_user(); a charge of nothing is fine
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

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ACCOUNT_H
#define _IOKMEM_ACCOUNT_H

#include <linux/types.h>

struct cred;

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
void iokmem_uncharge(struct iokmem_charge *charge);
void iokmem_ending(void);
void iokmem_ended(void);

#endif /* _IOKMEM_ACCOUNT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors of pageable memory: for shmem.c, which has the pages, volatile.c, which empties
 * them when memory is short, purgeable.c, which has the states, and pageable.c, which is the
 * kind of memory.
 */
#ifndef _IOKMEM_PAGEABLE_H
#define _IOKMEM_PAGEABLE_H

#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "desc/desc.h"

struct iokmem_share;

/**
 * struct iokmem_purgeable - what purgeable memory has in addition
 * @state: IOKMEM_PURGEABLE_NON_VOLATILE, _VOLATILE or _EMPTY. Written with WRITE_ONCE()
 * @shares_lock: protects @shares. Nests inside the lock of the memory
 * @shares: the cgroups and nodes that there are pages of; see volatile.c. Shares are only
 *	removed with the lock of the memory held for writing
 * @last: the share of a page that was brought in not long ago, or NULL
 */
struct iokmem_purgeable {
	u32 state;	/* written with the lock of the memory held for writing; any reader */
	spinlock_t shares_lock;
	struct list_head shares;
	struct iokmem_share *last;	/* a hint for speed: read and written by many at once */
};

/**
 * struct iokmem_pageable - a descriptor of pageable memory
 * @desc: the descriptor; its extents are the pages while they are held
 * @file: the shmem file that has the pages
 * @shmem_fops: the operations that the inode had before those of the module
 * @payer: who is charged for pages, whoever touches them, and while the memory is held
 * @pin_charge: the charge of the @payer while the memory is held
 * @lock: held for reading to touch pages, and for writing to discard them and to change the
 *	state
 * @pinned: the pages while they are held, or NULL
 * @keepers_lock: protects @keepers
 * @keepers: how many have pages brought in to hold them, or hold them
 * @purgeable: for purgeable memory, or NULL
 *
 * Pages are brought in without @lock: that can take long, and @lock keeps others from faults. A
 * discard may take a page out of the file meanwhile. So whoever has brought a page in takes
 * @lock, and uses the page if it is in the file still. A discard that comes later finds
 * the reference to the page, and zeroes it.
 *
 * @lock nests inside an address space's mmap lock, which a fault holds, and inside the
 * hold_lock of @desc. Reclaim comes while anybody allocates, so it only tries the lock.
 */
struct iokmem_pageable {
	struct iokmem_desc desc;
	struct file *file;
	const struct file_operations *shmem_fops;
	struct iokmem_payer payer;
	struct iokmem_charge pin_charge;	/* protected by hold_lock of @desc */

	struct rw_semaphore lock;
	struct page **pinned;	/* written with hold_lock of @desc and @lock held */
	spinlock_t keepers_lock;
	unsigned int keepers;	/* protected by @keepers_lock */
	struct iokmem_purgeable *purgeable;
};

static inline struct iokmem_pageable *iokmem_pageable_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_pageable, desc);
}

#endif /* _IOKMEM_PAGEABLE_H */

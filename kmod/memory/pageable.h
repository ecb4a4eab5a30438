/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors of pageable memory: for shmem.c, which has the pages, volatile.c, which empties
 * them when memory is short, purgeable.c, which has the states, and pageable.c, which is the
 * kind of memory.
 */
#ifndef _IOKMEM_PAGEABLE_H
#define _IOKMEM_PAGEABLE_H

#include <linux/list.h>
#include <linux/rbtree.h>
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
 * struct iokmem_brought - pages that were brought in, and are kept by references
 * @by_first: in the tree of the memory's parts that are held
 * @first: index of the first page in the memory
 * @nr: how many pages there are
 * @pages: the pages
 * @extents: where they are, until the descriptor that holds them takes these over
 * @charge: what the memory's payer is charged with for them
 */
struct iokmem_brought {
	struct rb_node by_first;	/* protected by parts_lock of the memory */
	pgoff_t first;
	unsigned long nr;
	struct page **pages;
	struct iokmem_extents extents;
	struct iokmem_charge charge;
};

/**
 * struct iokmem_pageable - a descriptor of pageable memory
 * @desc: the descriptor; its extents are the pages while they are held
 * @file: the shmem file that has the pages
 * @shmem_fops: the operations that the inode had before those of the module
 * @payer: who is charged for pages, whoever touches them, and while the memory is held
 * @lock: held for reading to touch pages, and for writing to discard them and to change the
 *	state
 * @pinned: all pages while the memory is held, or NULL
 * @parts_lock: protects @parts. Nests inside @lock
 * @parts: the parts of the memory that are held apart from it, by their first page (part.c)
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

	struct rw_semaphore lock;
	struct iokmem_brought *pinned;	/* written with hold_lock of @desc and @lock held */
	spinlock_t parts_lock;
	struct rb_root parts;	/* protected by @parts_lock; changed with @lock held */
	spinlock_t keepers_lock;
	unsigned int keepers;	/* protected by @keepers_lock */
	struct iokmem_purgeable *purgeable;
};

static inline struct iokmem_pageable *iokmem_pageable_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_pageable, desc);
}

struct iokmem_brought *iokmem_pageable_bring_in(struct iokmem_pageable *pageable, pgoff_t first,
						unsigned long nr);
void iokmem_pageable_let_go(struct iokmem_brought *brought, bool dirty);
int iokmem_pageable_access(struct iokmem_pageable *pageable, size_t offset, void *bytes,
			   size_t length, bool write);

#endif /* _IOKMEM_PAGEABLE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors of pageable memory: for shmem.c, which has the pages, purgeable.c, which has
 * the states, and pageable.c, which is the kind of memory.
 */
#ifndef _IOKMEM_PAGEABLE_H
#define _IOKMEM_PAGEABLE_H

#include <linux/rwsem.h>

#include "desc/desc.h"

struct iokmem_purgeable;

/**
 * struct iokmem_pageable - a descriptor of pageable memory
 * @desc: what every descriptor has; its extents are the pages while they are held
 * @file: the memory
 * @shmem_fops: what its inode had before it was made ours
 * @charged: charge the user for whom it is held
 * @pin_charge: what is charged while it is held
 * @lock: see below
 * @pinned: the pages while they are held, or NULL
 * @purgeable: the state of purgeable memory, or NULL
 *
 * @lock: held for reading to bring pages in and to touch them, for writing to
 * discard them and to change the state. So nobody has a page, or waits for one,
 * while it is discarded. It nests inside an address space's mmap lock, which a
 * fault holds, and inside @desc's hold_lock. Reclaim comes here while anybody
 * allocates: it only tries the lock.
 *
 * @pinned is set by the first to hold the memory, with the lock held for reading,
 * and cleared by the last, for writing: whoever has it for writing may read it.
 */
struct iokmem_pageable {
	struct iokmem_desc desc;
	struct file *file;
	const struct file_operations *shmem_fops;
	bool charged;
	struct iokmem_charge pin_charge;

	struct rw_semaphore lock;	/* see above */
	struct page **pinned;
	struct iokmem_purgeable *purgeable;
};

static inline struct iokmem_pageable *iokmem_pageable_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_pageable, desc);
}

#endif /* _IOKMEM_PAGEABLE_H */

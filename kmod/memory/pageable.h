/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pageable memory, and what may become of it: shared by mem_pageable.c, which has
 * the pages, and purgeable.c, which has the states.
 */
#ifndef _IOKMEM_MEM_PAGEABLE_H
#define _IOKMEM_MEM_PAGEABLE_H

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

void iokmem_pageable_discard(struct iokmem_pageable *pageable);
unsigned long iokmem_pageable_pages(const struct iokmem_pageable *pageable);

int iokmem_purgeable_create(struct iokmem_pageable *pageable);
void iokmem_purgeable_destroy(struct iokmem_pageable *pageable);
int iokmem_purgeable_set(struct iokmem_desc *desc, u32 state, u32 *old);

#endif /* _IOKMEM_MEM_PAGEABLE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_SHMEM_H
#define _IOKMEM_SHMEM_H

#include "memory/pageable.h"

/* How many pages the memory has. */
static inline unsigned long iokmem_shmem_size(const struct iokmem_pageable *pageable)
{
	return pageable->desc.owned >> PAGE_SHIFT;
}

int iokmem_shmem_create(struct iokmem_pageable *pageable);
void iokmem_shmem_destroy(struct iokmem_pageable *pageable);
struct page **iokmem_shmem_get_pages(struct iokmem_pageable *pageable, pgoff_t first,
				     unsigned long nr);
void iokmem_shmem_put_pages(struct page **pages, unsigned long nr, bool dirty);
void iokmem_shmem_dirty_pages(struct page **pages, unsigned long nr);
bool iokmem_shmem_has_pages(const struct iokmem_pageable *pageable, struct page **pages,
			    unsigned long nr);
void iokmem_shmem_set_unevictable(struct iokmem_pageable *pageable);
void iokmem_shmem_clear_unevictable(struct iokmem_pageable *pageable);
struct page *iokmem_shmem_get_page(struct iokmem_pageable *pageable, pgoff_t index);
int iokmem_shmem_lock_page(struct iokmem_pageable *pageable, struct page *page);
void iokmem_shmem_count(struct iokmem_pageable *pageable, pgoff_t index, unsigned long nr,
			u64 *resident, u64 *dirty);
void iokmem_shmem_wipe_held(struct iokmem_pageable *pageable);
void iokmem_shmem_drop(struct iokmem_pageable *pageable);
unsigned long iokmem_shmem_pages(const struct iokmem_pageable *pageable);

#endif /* _IOKMEM_SHMEM_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_BLOCK_H
#define _IOKMEM_BLOCK_H

#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/pgtable.h>

#include "page/compat.h"

/* The largest block that is ever needed: all of it fits into one huge page table entry. */
#define IOKMEM_BLOCK_ORDER	min_t(unsigned int, MAX_PAGE_ORDER, PMD_SHIFT - PAGE_SHIFT)

unsigned long iokmem_highest_pfn(void);
int iokmem_frames_clear(unsigned long pfn, unsigned long nr);
bool iokmem_frames_poisoned(unsigned long pfn, unsigned long nr);
void iokmem_frames_lose(unsigned long pfn, unsigned long nr);
unsigned long iokmem_frames_lost(void);
struct page *iokmem_block_below(unsigned int order, unsigned long end_pfn, int nid,
				gfp_t gfp);

#endif /* _IOKMEM_BLOCK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What memory is wanted, and where it came from: for pages.c and contig.c.
 */
#ifndef _IOKMEM_REQUEST_H
#define _IOKMEM_REQUEST_H

#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/types.h>

struct iokmem_extents;

/* How long to search for ranges of memory, for all of a request. */
#define IOKMEM_CONTIG_SEARCH	(10 * HZ)

/**
 * enum iokmem_page_source - where pages came from, and how they go back
 * @IOKMEM_PAGES_BLOCKS: extents are of blocks of the page allocator's, compound or single
 *	pages, which may be kept by others
 * @IOKMEM_PAGES_POOL: extents are of a pool's blocks, see pool.c
 * @IOKMEM_PAGES_CMA: one extent, of the DMA API's reserve of contiguous memory
 */
enum iokmem_page_source {
	IOKMEM_PAGES_BLOCKS,
	IOKMEM_PAGES_POOL,
	IOKMEM_PAGES_CMA,
};

/**
 * struct iokmem_pages_request - what memory is wanted
 * @nr: how many pages, not 0
 * @align_order: the first page lies at a multiple of 2^@align_order pages
 * @end_pfn: all page frames lie below this one
 * @contiguous: one extent
 * @cache_mode: the type of all pages
 * @gfp: GFP_KERNEL, or GFP_KERNEL_ACCOUNT to charge the caller's memory cgroup
 * @deadline: when to give up searching for such memory, in jiffies
 */
struct iokmem_pages_request {
	unsigned long nr;
	unsigned int align_order;
	unsigned long end_pfn;
	bool contiguous;
	u32 cache_mode;
	gfp_t gfp;
	unsigned long deadline;
};

/**
 * struct iokmem_pages - memory that there is
 * @extents: where; the owner's
 * @source: where from
 * @cache_mode: its type
 * @dma: the DMA API's handle of IOKMEM_PAGES_CMA
 */
struct iokmem_pages {
	struct iokmem_extents *extents;
	enum iokmem_page_source source;
	u32 cache_mode;
	dma_addr_t dma;
};

/* Will memory do, too, that no cgroup can be charged with? */
static inline bool
iokmem_pages_uncharged_will_do(const struct iokmem_pages_request *request)
{
	return !(request->gfp & __GFP_ACCOUNT) || capable(CAP_SYS_ADMIN);
}

#endif /* _IOKMEM_REQUEST_H */

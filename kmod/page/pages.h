/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PAGES_H
#define _IOKMEM_PAGES_H

#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/types.h>

#include "page/extent.h"

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

int iokmem_pages_alloc(struct iokmem_pages *pages,
		       const struct iokmem_pages_request *request);
void iokmem_pages_free(struct iokmem_pages *pages);
int iokmem_pages_retype(struct iokmem_pages *pages, u32 cache_mode);
bool iokmem_pages_pinned(const struct iokmem_pages *pages);
unsigned long iokmem_highest_pfn(void);
void iokmem_frames_clear(unsigned long pfn, unsigned long nr);
bool iokmem_neighbours_find(struct list_head *blocks, struct list_head *found,
			    const struct iokmem_pages_request *request);

/* contig.c */
struct page *iokmem_buddy_below(unsigned int order, unsigned long end_pfn,
				gfp_t gfp);
long iokmem_contig_range(const struct iokmem_pages_request *request,
			 unsigned long nr);
int iokmem_contig_alloc(struct iokmem_pages *pages,
			const struct iokmem_pages_request *request);
void iokmem_contig_free_cma(struct iokmem_pages *pages);
int iokmem_contig_init(void);
void iokmem_contig_exit(void);

#endif /* _IOKMEM_PAGES_H */

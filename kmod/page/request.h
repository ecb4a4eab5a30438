/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests for pages, and the pages they get: for pages.c and contig.c.
 */
#ifndef _IOKMEM_REQUEST_H
#define _IOKMEM_REQUEST_H

#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/types.h>

#include "page/account.h"

struct iokmem_extents;

/* How long to search for ranges of memory, in all, for one request. */
#define IOKMEM_CONTIG_SEARCH	(10 * HZ)
/* How many ranges that look as if they could be had are tried in one search. */
#define IOKMEM_CONTIG_TRIES	1024

/**
 * enum iokmem_page_source - where pages came from, and how they go back
 * @IOKMEM_PAGES_BLOCKS: the page allocator: blocks are compound or single pages, which
 *	others may keep
 * @IOKMEM_PAGES_POOL: a pool, see pool.c
 * @IOKMEM_PAGES_CMA: the DMA API's reserve of contiguous memory, in one extent
 */
enum iokmem_page_source {
	IOKMEM_PAGES_BLOCKS,
	IOKMEM_PAGES_POOL,
	IOKMEM_PAGES_CMA,
};

/**
 * struct iokmem_pages_request - a request for memory
 * @nr: how many pages, not 0
 * @align_order: the first page lies at a multiple of 2^@align_order pages
 * @end_pfn: all page frames lie below this one
 * @nid: the node that all pages must be on; NUMA_NO_NODE: as the calling task's memory policy
 *	says
 * @contiguous: the memory must be one extent
 * @cache_mode: the type of all pages
 * @payer: who is charged
 * @gfp: GFP_KERNEL, or GFP_KERNEL_ACCOUNT if somebody is charged
 * @deadline: when to give up searching for such memory, in jiffies
 */
struct iokmem_pages_request {
	unsigned long nr;
	unsigned int align_order;
	unsigned long end_pfn;
	int nid;
	bool contiguous;
	u32 cache_mode;
	const struct iokmem_payer *payer;
	gfp_t gfp;
	unsigned long deadline;
};

/**
 * struct iokmem_pages - allocated memory
 * @extents: where it is; belongs to the owner
 * @source: where it came from
 * @cache_mode: its type
 * @dma: the DMA API's handle of IOKMEM_PAGES_CMA
 */
struct iokmem_pages {
	struct iokmem_extents *extents;
	enum iokmem_page_source source;
	u32 cache_mode;
	dma_addr_t dma;
};

/* Return true if memory that no cgroup can be charged with will do, too. */
static inline bool
iokmem_pages_uncharged_will_do(const struct iokmem_pages_request *request)
{
	return !request->payer->cred || iokmem_payer_capable(request->payer, CAP_SYS_ADMIN);
}

#endif /* _IOKMEM_REQUEST_H */

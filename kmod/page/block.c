// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of the page allocator: 2^order pages that are neighbours, below a limit.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "page/block.h"
#include "page/compat.h"

/* How many frames are looked at before others may run. */
#define IOKMEM_LOOKED_AT	4096

/* Pages that iokmem_frames_lose() has kept back. */
static atomic_long_t iokmem_nr_lost;

/*
 * iokmem_highest_pfn - return a frame number that is above all memory's
 */
unsigned long iokmem_highest_pfn(void)
{
	unsigned long highest = 0;
	int nid;

	for_each_online_node(nid)
		highest = max(highest, node_end_pfn(nid));
	return highest;
}

/*
 * iokmem_frames_clear - zero memory that was allocated without __GFP_ZERO
 *
 * Kernels with init_on_alloc or init_on_free have zeroed all memory that the allocator, or
 * alloc_contig_range(), gives. Returns 0, or -EINTR if a fatal signal arrived.
 */
int iokmem_frames_clear(unsigned long pfn, unsigned long nr)
{
	unsigned int n;

	if (want_init_on_alloc(0) || want_init_on_free())
		return 0;
	for (; nr; nr -= n, pfn += n) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = min_t(unsigned long, nr, PROCESS_PAGES_NON_PREEMPT_BATCH);
		clear_pages(page_address(pfn_to_page(pfn)), n);
		cond_resched();
	}
	return 0;
}

/*
 * iokmem_frames_poisoned - return true if the hardware has lost the content of a frame
 *
 * The kernel marks such a frame, and on x86 it removes the frame from its map of all memory.
 * So a frame that is poisoned must be neither cleared nor flushed, and nobody should get it
 * again. The frames are RAM. May sleep if there are many.
 */
bool iokmem_frames_poisoned(unsigned long pfn, unsigned long nr)
{
	for (; nr; nr--, pfn++) {
		if (PageHWPoison(pfn_to_page(pfn)))
			return true;
		if (!(nr % IOKMEM_LOOKED_AT))
			cond_resched();
	}
	return false;
}

/*
 * iokmem_frames_lose - give up a block of which a frame is poisoned
 *
 * The page allocator would hand out a block of several pages again. The block stays allocated
 * and charged for ever, with the type it has.
 */
void iokmem_frames_lose(unsigned long pfn, unsigned long nr)
{
	atomic_long_add(nr, &iokmem_nr_lost);
	pr_err_ratelimited("iokmem: %lu pages at frame %#lx are lost, the hardware has poisoned memory there\n",
			   nr, pfn);
}

/*
 * iokmem_frames_lost - return how many pages have been given up
 */
unsigned long iokmem_frames_lost(void)
{
	return atomic_long_read(&iokmem_nr_lost);
}

/* Allocate as the memory policy says, or on node @nid. */
static struct page *block_on(unsigned int order, int nid, gfp_t gfp)
{
	if (nid == NUMA_NO_NODE)
		return alloc_pages(gfp, order);
	return alloc_pages_node(nid, gfp | __GFP_THISNODE, order);
}

/* Allocate from the zones that may lie below @end_pfn. */
static struct page *zone_below(unsigned int order, unsigned long end_pfn, int nid,
			       gfp_t gfp)
{
	static const gfp_t zones[] = { __GFP_DMA32, __GFP_DMA };
	struct page *page;
	int i;

	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		page = block_on(order, nid, gfp | zones[i]);
		if (!page)
			continue;
		if (page_to_pfn(page) + (1UL << order) <= end_pfn)
			return page;
		__free_pages(page, order);
	}
	return NULL;
}

/*
 * iokmem_block_below - allocate a block of which all frames are below @end_pfn
 *
 * The block is on node @nid, or if that is NUMA_NO_NODE, where the memory policy says.
 * Zones end where they end: a block may come from above the limit, and memory below it
 * may not be found. Returns NULL then.
 */
struct page *iokmem_block_below(unsigned int order, unsigned long end_pfn, int nid,
				gfp_t gfp)
{
	struct page *page;

	page = end_pfn < iokmem_highest_pfn() ? zone_below(order, end_pfn, nid, gfp) :
						block_on(order, nid, gfp);
	/*
	 * The kernel makes huge entries only of pages that a file is large enough for.
	 * Pages of the module's have no place in any file, so give them the first one.
	 */
	if (page)
		page_folio(page)->index = 0;
	return page;
}

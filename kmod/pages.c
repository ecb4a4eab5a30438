// SPDX-License-Identifier: GPL-2.0
/*
 * Pages for wired memory: from the page allocator into extents, and back.
 *
 * Memory comes in the largest blocks that can be had without effort, from the
 * largest down, so that blocks lie at multiples of their own size in the buffer
 * and a buffer of 64 MiB has 16 extents rather than 16384. One extent is one
 * block: a power of two of pages, which goes back as it came.
 *
 * Until the extents are made the blocks hang on a list by page->lru, with their
 * order in page_private(): both are the allocating party's to use.
 */
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "extent.h"
#include "pages.h"

/*
 * One block, of at most @order and at least @min_order. Only the last resort,
 * the smallest, may make the allocator reclaim, and even that never wakes the
 * OOM killer: a buffer that cannot be had is its caller's error, not another
 * process's death.
 */
static struct page *block_alloc(unsigned int order, unsigned int min_order,
				gfp_t gfp)
{
	struct page *page;

	gfp |= __GFP_ZERO | __GFP_NOWARN;
	for (; order > min_order; order--) {
		page = alloc_pages((gfp & ~__GFP_DIRECT_RECLAIM) |
				   __GFP_NORETRY, order);
		if (page)
			goto out;
	}
	page = alloc_pages(gfp | __GFP_RETRY_MAYFAIL, min_order);
	if (!page)
		return NULL;
out:
	set_page_private(page, order);
	return page;
}

static void block_free(struct page *page, unsigned int order)
{
	set_page_private(page, 0);
	__free_pages(page, order);
}

/*
 * A first block at a multiple of its own size, though that is more than the
 * whole buffer has: what is not needed goes back at once, page by page, and so
 * do those pages that are kept, later.
 */
static int blocks_alloc_trimmed(struct list_head *blocks,
				unsigned long nr_pages,
				unsigned int align_order, gfp_t gfp)
{
	struct page *page;
	unsigned long i;

	page = block_alloc(align_order, align_order, gfp);
	if (!page)
		return -ENOMEM;

	split_page(page, align_order);
	for (i = 0; i < nr_pages; i++) {
		set_page_private(page + i, 0);
		list_add_tail(&page[i].lru, blocks);
	}
	for (; i < 1UL << align_order; i++)
		__free_page(page + i);
	return 0;
}

static int blocks_alloc(struct list_head *blocks, unsigned long nr_pages,
			unsigned int align_order, gfp_t gfp)
{
	unsigned int order = MAX_PAGE_ORDER;
	struct page *page;

	if (1UL << align_order > nr_pages)
		return blocks_alloc_trimmed(blocks, nr_pages, align_order, gfp);

	while (nr_pages) {
		if (fatal_signal_pending(current))
			return -EINTR;

		order = min_t(unsigned int, order, ilog2(nr_pages));
		/* A block is aligned to its size: the first is large enough. */
		page = block_alloc(order, list_empty(blocks) ? align_order : 0,
				   gfp);
		if (!page)
			return -ENOMEM;
		order = page_private(page);
		list_add_tail(&page->lru, blocks);
		nr_pages -= 1UL << order;
		cond_resched();
	}
	return 0;
}

static void blocks_free(struct list_head *blocks)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		block_free(page, page_private(page));
	}
}

static int blocks_to_extents(struct list_head *blocks,
			     struct iokmem_extents *extents, gfp_t gfp)
{
	struct page *page, *next;
	unsigned int nr = 0, i = 0;
	pgoff_t end = 0;
	int err;

	list_for_each_entry(page, blocks, lru)
		nr++;
	err = iokmem_extents_init(extents, nr, gfp);
	if (err)
		return err;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		end += 1UL << page_private(page);
		extents->array[i].pfn = page_to_pfn(page);
		extents->array[i].end = end;
		set_page_private(page, 0);
		i++;
	}
	return 0;
}

/*
 * iokmem_pages_alloc - @nr_pages zeroed pages
 *
 * The first page lies at a multiple of 2^@align_order pages, at most
 * MAX_PAGE_ORDER. @gfp is GFP_KERNEL or GFP_KERNEL_ACCOUNT. Returns 0, -ENOMEM
 * or -EINTR (a fatal signal).
 */
int iokmem_pages_alloc(struct iokmem_extents *extents, unsigned long nr_pages,
		       unsigned int align_order, gfp_t gfp)
{
	LIST_HEAD(blocks);
	int err;

	/*
	 * More than there is must fail before everybody else's memory has been
	 * squeezed out. What one block can serve just asks the allocator.
	 */
	if (nr_pages > MAX_ORDER_NR_PAGES &&
	    (nr_pages > totalram_pages() ||
	     (long)nr_pages > si_mem_available()))
		return -ENOMEM;

	err = blocks_alloc(&blocks, nr_pages, align_order, gfp);
	if (!err)
		err = blocks_to_extents(&blocks, extents, gfp);
	if (err)
		blocks_free(&blocks);
	return err;
}

/*
 * iokmem_pages_free - give back what iokmem_pages_alloc() got
 */
void iokmem_pages_free(struct iokmem_extents *extents)
{
	unsigned int i;

	for (i = 0; i < extents->nr; i++) {
		unsigned long pages = iokmem_extent_pages(extents, i);

		__free_pages(pfn_to_page(extents->array[i].pfn), ilog2(pages));
		cond_resched();
	}
	iokmem_extents_fini(extents);
}

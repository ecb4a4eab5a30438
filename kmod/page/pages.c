// SPDX-License-Identifier: GPL-2.0
/*
 * Pages for wired memory: allocated into extents, and given back.
 *
 * Memory that may lie anywhere comes in the largest blocks that can be had without effort,
 * from the largest down. So blocks lie at multiples of their own size in the buffer, and a
 * buffer of 64 MiB has 32 extents rather than 16384. It may have fewer, since blocks of a
 * size are put in order and neighbours become one extent. Memory of another type than
 * write-back comes through a pool (pool.c). Memory that has to be contiguous or below an
 * address comes from contig.c, unless it is large and blocks happen to be neighbours.
 *
 * A block is a compound page or a single page. So others can keep a page by a reference:
 * the block goes back to the page allocator with the last one. Until then it stays charged
 * (leftover.c). Blocks are at most as large
 * as what one huge entry maps, since the kernel maps only compound pages of just this size
 * by huge entries. Larger blocks are only for memory that has to be contiguous, or aligned
 * to more.
 *
 * Until the extents are made the blocks are on a list by page->lru. page_private() has the
 * order of a block, or a pool's handle. The owner of a page may use both fields.
 */
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/list_sort.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>

#include <kunit/visibility.h>

#include "page/account.h"
#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/contig.h"
#include "page/extent.h"
#include "page/leftover.h"
#include "page/pages.h"
#include "page/pool.h"

/* Among how many more blocks than twice those that are needed to look for neighbours. */
#define IOKMEM_MORE_BLOCKS	64UL

/*
 * How many pages get another type, or are given back, before others may run. Large entries
 * of the kernel's map of all memory stay whole.
 */
#define IOKMEM_PIECE		BIT(IOKMEM_BLOCK_ORDER)

static unsigned int block_order(struct page *page, enum iokmem_page_source source)
{
	return source == IOKMEM_PAGES_POOL ? iokmem_pool_order(page) : page_private(page);
}

/* Return the first frame behind the block at @pfn. */
static unsigned long block_end(unsigned long pfn)
{
	return pfn + (1UL << compound_order(pfn_to_page(pfn)));
}

/* As block_end(), of a block that belongs to a pool. */
static unsigned long pool_block_end(unsigned long pfn)
{
	return pfn + (1UL << iokmem_pool_order(pfn_to_page(pfn)));
}

/* Return the first frame behind the piece that @pfn is in, but at most @end. */
static unsigned long piece_end(unsigned long pfn, unsigned long end)
{
	return min(end, ALIGN(pfn + 1, IOKMEM_PIECE));
}

/*
 * Give back the @nr frames from @pfn on, which are whole blocks. A block that is charged to
 * somebody by @charge, and that others keep, stays charged.
 */
static void blocks_put(unsigned long pfn, unsigned long nr,
		       enum iokmem_page_source source, struct iokmem_charge *charge)
{
	unsigned long end = pfn + nr, next;

	for (; pfn < end; pfn = next) {
		struct page *page = pfn_to_page(pfn);

		next = source == IOKMEM_PAGES_POOL ? pool_block_end(pfn) : block_end(pfn);
		if (source == IOKMEM_PAGES_POOL)
			iokmem_pool_give(page);
		else if (charge->cred && page_count(page) != 1)
			iokmem_leftover_add(page, charge);
		else
			__free_pages(page, compound_order(page));
		cond_resched();
	}
}

/* Give back a block that nobody else has ever had. */
static void block_free(struct page *page, enum iokmem_page_source source)
{
	unsigned int order = block_order(page, source);
	struct iokmem_charge none = {};

	if (source != IOKMEM_PAGES_POOL)
		set_page_private(page, 0);
	blocks_put(page_to_pfn(page), 1UL << order, source, &none);
}

/* Take only memory that is free already, and none of the reserves. */
static gfp_t without_effort(gfp_t gfp)
{
	return (gfp & ~__GFP_RECLAIM) | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;
}

/* Get one block for a request that need not be contiguous. Returns NULL if there is none. */
static struct page *block_try(const struct iokmem_pages_request *request,
			      enum iokmem_page_source source, unsigned int order,
			      gfp_t gfp)
{
	struct page *page;

	if (source == IOKMEM_PAGES_POOL) {
		page = iokmem_pool_take(request->cache_mode, order, request->nid, gfp);
		return page ? page : iokmem_pool_make(request->cache_mode, order,
						      request->nid, gfp);
	}
	page = iokmem_block_below(order, request->end_pfn, request->nid, gfp | __GFP_COMP);
	if (page)
		set_page_private(page, order);
	return page;
}

static bool is_limited(const struct iokmem_pages_request *request)
{
	return request->end_pfn < iokmem_highest_pfn();
}

/*
 * Search for single pages below the limit, which the allocator does not find. Returns NULL if
 * there are none.
 */
static struct page *singles_search(const struct iokmem_pages_request *request,
				   unsigned int order, unsigned int min_order)
{
	struct page *page;
	long pfn;

	if (!is_limited(request) || !iokmem_pages_uncharged_will_do(request))
		return NULL;
	pfn = iokmem_contig_range(request, 1UL << order);
	if (pfn == -ENOMEM && order > min_order) {
		order = min_order;
		pfn = iokmem_contig_range(request, 1UL << order);
	}
	if (pfn < 0)
		return NULL;
	page = pfn_to_page(pfn);
	set_page_private(page, order);
	return page;
}

/*
 * Get one block of at most @order and at least @min_order, or of at most @search_order if
 * it has to be searched for. Only the smallest block, as the last resort, may make the
 * allocator reclaim memory. The OOM killer is never woken: a buffer that is too large is
 * its caller's error and must not cost another process its life.
 */
static struct page *block_alloc(const struct iokmem_pages_request *request,
				enum iokmem_page_source source,
				unsigned int order, unsigned int min_order,
				unsigned int search_order)
{
	gfp_t gfp = request->gfp | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;
	unsigned int o;

	for (o = order; o > min_order; o--) {
		page = block_try(request, source, o, without_effort(gfp));
		if (page)
			return page;
	}
	page = block_try(request, source, min_order, gfp | __GFP_RETRY_MAYFAIL);
	return page ? page : singles_search(request, max(search_order, min_order),
					    min_order);
}

static int blocks_alloc(struct list_head *blocks,
			const struct iokmem_pages_request *request,
			enum iokmem_page_source source)
{
	unsigned long nr_pages = request->nr;
	unsigned int order, wanted, largest = IOKMEM_BLOCK_ORDER;
	struct page *page;

	while (nr_pages) {
		if (fatal_signal_pending(current))
			return -EINTR;

		wanted = min_t(unsigned int, IOKMEM_BLOCK_ORDER, ilog2(nr_pages));
		order = min(largest, wanted);
		/* A block is aligned to its size, so only the first one must be large. */
		page = block_alloc(request, source, order,
				   list_empty(blocks) ? request->align_order : 0, wanted);
		if (!page)
			return -ENOMEM;
		order = block_order(page, source);
		largest = min(largest, order);
		list_add_tail(&page->lru, blocks);
		nr_pages -= 1UL << order;
		cond_resched();
	}
	return 0;
}

static void blocks_free(struct list_head *blocks, enum iokmem_page_source source)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		block_free(page, source);
	}
}

/* Large blocks come first, and so lie at multiples of their size. */
static int block_cmp(void *source, const struct list_head *a, const struct list_head *b)
{
	struct page *page_a = list_entry(a, struct page, lru);
	struct page *page_b = list_entry(b, struct page, lru);
	unsigned int order_a = block_order(page_a, *(enum iokmem_page_source *)source);
	unsigned int order_b = block_order(page_b, *(enum iokmem_page_source *)source);

	/* list_sort() allows that. There may be a block for each page. */
	cond_resched();
	return order_a == order_b ? page_to_pfn(page_a) > page_to_pfn(page_b) :
				    order_a < order_b;
}

/**
 * struct block_list - blocks that become extents
 * @blocks: in order
 * @source: where the blocks came from
 */
struct block_list {
	struct list_head *blocks;
	enum iokmem_page_source source;
};

static int walk_blocks(struct iokmem_extents_builder *builder, void *arg)
{
	const struct block_list *list = arg;
	struct page *page;

	list_for_each_entry(page, list->blocks, lru) {
		iokmem_extents_add(builder, page_to_pfn(page),
				   1UL << block_order(page, list->source));
		cond_resched();
	}
	return 0;
}

static int blocks_to_extents(struct list_head *blocks,
			     struct iokmem_pages *pages, gfp_t gfp)
{
	struct block_list list = { .blocks = blocks, .source = pages->source };
	struct page *page, *next;
	int err;

	err = iokmem_extents_build(pages->extents, gfp, walk_blocks, &list);
	if (err)
		return err;
	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		/* A block of a pool keeps its handle. */
		if (pages->source != IOKMEM_PAGES_POOL)
			set_page_private(page, 0);
		cond_resched();
	}
	return 0;
}

static int alloc_scattered(struct iokmem_pages *pages,
			   const struct iokmem_pages_request *request)
{
	LIST_HEAD(blocks);
	int err;

	if (request->cache_mode != IOKMEM_MAP_COPYBACK_CACHE && !is_limited(request))
		pages->source = IOKMEM_PAGES_POOL;
	else
		pages->source = IOKMEM_PAGES_BLOCKS;

	err = blocks_alloc(&blocks, request, pages->source);
	if (!err && !list_is_singular(&blocks))
		list_sort(&pages->source, &blocks, block_cmp);
	if (!err)
		err = blocks_to_extents(&blocks, pages, request->gfp);
	if (err)
		blocks_free(&blocks, pages->source);
	return err;
}

/* Return true if @request is for whole blocks. */
static bool is_of_blocks(const struct iokmem_pages_request *request)
{
	return IS_ALIGNED(request->nr, 1UL << IOKMEM_BLOCK_ORDER);
}

/*
 * Allocate @nr more blocks, as far as they are free. They are not zeroed. If @request is not
 * for whole blocks, each page is a block by itself afterwards, so that the last ones can be
 * given back. Returns true if there were @nr blocks.
 */
static bool neighbours_alloc(struct list_head *blocks, unsigned long nr,
			     const struct iokmem_pages_request *request)
{
	gfp_t gfp = without_effort(request->gfp);
	struct page *page;

	if (is_of_blocks(request))
		gfp |= __GFP_COMP;
	for (; nr && !fatal_signal_pending(current); nr--) {
		page = iokmem_block_below(IOKMEM_BLOCK_ORDER, request->end_pfn, request->nid,
					  gfp);
		if (!page)
			break;
		if (!(gfp & __GFP_COMP))
			split_page(page, IOKMEM_BLOCK_ORDER);
		set_page_private(page, IOKMEM_BLOCK_ORDER);
		list_add(&page->lru, blocks);
		cond_resched();
	}
	return !nr;
}

/*
 * iokmem_neighbours_find - find neighbours for @request among @blocks, which are in order
 *
 * The first ones that will do move to @found, which is empty. Returns true if there are
 * some.
 */
bool iokmem_neighbours_find(struct list_head *blocks, struct list_head *found,
			    const struct iokmem_pages_request *request)
{
	unsigned long pfn, next = 0, nr = 0;
	struct page *page, *tmp;

	list_for_each_entry_safe(page, tmp, blocks, lru) {
		pfn = page_to_pfn(page);
		if (pfn != next) {
			list_splice_init(found, blocks);
			nr = 0;
		}
		if (nr || IS_ALIGNED(pfn, 1UL << request->align_order)) {
			list_move_tail(&page->lru, found);
			nr += 1UL << IOKMEM_BLOCK_ORDER;
		}
		if (nr >= request->nr)
			return true;
		next = nr ? pfn + (1UL << IOKMEM_BLOCK_ORDER) : 0;
	}
	list_splice_init(found, blocks);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_neighbours_find);

/* Give back the pages of the only extent that @request is not for. */
static void trim_extent(struct iokmem_extent *extent,
			const struct iokmem_pages_request *request)
{
	for (; extent->end > request->nr; extent->end--)
		__free_page(pfn_to_page(extent->pfn + extent->end - 1));
}

/*
 * Make the only extent of neighbours among @blocks. Returns -ENOMEM if there are too few; or -EINTR
 * for a fatal signal.
 */
static int neighbours_to_extent(struct list_head *blocks, struct iokmem_pages *pages,
				const struct iokmem_pages_request *request)
{
	struct iokmem_charge none = {};
	LIST_HEAD(found);
	int err = -ENOMEM;

	list_sort(&pages->source, blocks, block_cmp);
	if (iokmem_neighbours_find(blocks, &found, request))
		err = blocks_to_extents(&found, pages, request->gfp);
	list_splice(&found, blocks);
	if (err)
		return err;
	trim_extent(pages->extents->array, request);
	err = iokmem_frames_clear(pages->extents->array[0].pfn, request->nr);
	if (err) {
		pages->cache_mode = IOKMEM_MAP_COPYBACK_CACHE;
		iokmem_pages_free(pages, &none);
	}
	return err;
}

/*
 * Allocate blocks and look whether enough of them are neighbours. The page allocator often
 * hands out neighbours, one after the other. No other way makes larger pieces of memory so
 * fast. And it is the only one that a memory cgroup is charged for, so if that has to be, look
 * among more and more blocks. Returns -ENOMEM if there are too few neighbours; or -EINTR for a
 * fatal signal.
 */
static int alloc_neighbours(struct iokmem_pages *pages,
			    const struct iokmem_pages_request *request)
{
	unsigned long nr = DIV_ROUND_UP(request->nr, 1UL << IOKMEM_BLOCK_ORDER);
	unsigned long more = nr + min(nr / 4 + 1, 16UL), left = 2 * nr + IOKMEM_MORE_BLOCKS;
	LIST_HEAD(blocks);
	bool all;
	int err;

	pages->source = IOKMEM_PAGES_BLOCKS;
	do {
		all = neighbours_alloc(&blocks, more, request);
		err = neighbours_to_extent(&blocks, pages, request);
		left -= more;
		more = min(2 * more, left);
	} while (err && all && more && !iokmem_pages_uncharged_will_do(request));
	blocks_free(&blocks, pages->source);
	return err;
}

static int alloc_contiguous(struct iokmem_pages *pages,
			    const struct iokmem_pages_request *request)
{
	bool large = request->nr > MAX_ORDER_NR_PAGES ||
		     request->align_order > MAX_PAGE_ORDER;
	int err = -ENOMEM;

	/*
	 * Blocks never have a larger alignment than theirs. Single pages come from elsewhere if
	 * they can.
	 */
	if (large && request->align_order <= MAX_PAGE_ORDER &&
	    (is_of_blocks(request) || !iokmem_pages_uncharged_will_do(request)))
		err = alloc_neighbours(pages, request);
	if (err == -EINTR)
		return err;
	if (err && large && !iokmem_pages_uncharged_will_do(request))
		return -EACCES;
	return err ? iokmem_contig_alloc(pages, request) : 0;
}

/*
 * iokmem_pages_alloc - allocate zeroed pages of the wanted type
 *
 * The caller has set @pages->extents. Returns 0; -ENOMEM; -EINTR for a fatal signal; or
 * -EACCES if there may be only memory that no cgroup can be charged with, and @request does
 * not allow that.
 */
int iokmem_pages_alloc(struct iokmem_pages *pages,
		       const struct iokmem_pages_request *request)
{
	struct iokmem_charge none = {};
	int err;

	/*
	 * A request for more than there is must fail before it has squeezed out everybody
	 * else's memory. A request that one block can serve just asks the allocator.
	 */
	if (request->nr > MAX_ORDER_NR_PAGES &&
	    (request->nr > totalram_pages() ||
	     (long)request->nr > si_mem_available()))
		return -ENOMEM;

	if (request->contiguous || request->align_order > MAX_PAGE_ORDER ||
	    1UL << request->align_order > request->nr)
		err = alloc_contiguous(pages, request);
	else
		err = alloc_scattered(pages, request);
	if (err)
		return err;

	pages->cache_mode = pages->source == IOKMEM_PAGES_POOL ?
			    request->cache_mode : IOKMEM_MAP_COPYBACK_CACHE;
	err = iokmem_pages_retype(pages, request->cache_mode);
	if (err)
		iokmem_pages_free(pages, &none);
	return err;
}

/*
 * Make the blocks from @pfn on write-back and give them back, as many as are in a piece and
 * not poisoned. Return the first frame behind them.
 *
 * Memory that could not be made write-back again is not given back: it would be a trap for
 * its next owner. (Making it write-back needs no memory and does not fail.)
 */
static unsigned long piece_free(const struct iokmem_pages *pages, unsigned long pfn,
				unsigned long end, struct iokmem_charge *charge)
{
	unsigned long stop = piece_end(pfn, end), next = pfn;

	while (next < stop && !iokmem_frames_poisoned(next, block_end(next) - next))
		next = block_end(next);
	if (next > pfn && !WARN_ON(iokmem_cache_change(pfn, next - pfn, pages->cache_mode,
						       IOKMEM_MAP_COPYBACK_CACHE)))
		blocks_put(pfn, next - pfn, pages->source, charge);
	return next;
}

static void extent_free(const struct iokmem_pages *pages, unsigned int i,
			struct iokmem_charge *charge)
{
	unsigned long pfn = pages->extents->array[i].pfn, next;
	unsigned long end = pfn + iokmem_extent_pages(pages->extents, i);

	while (pfn < end) {
		next = piece_free(pages, pfn, end, charge);
		if (next == pfn) {
			next = block_end(pfn);
			iokmem_frames_lose(pfn, next - pfn);
		}
		pfn = next;
		cond_resched();
	}
}

/* Return true if the hardware has poisoned any of the pages. */
static bool pages_poisoned(const struct iokmem_pages *pages)
{
	const struct iokmem_extents *extents = pages->extents;
	unsigned int i;

	for (i = 0; i < extents->nr; i++)
		if (iokmem_frames_poisoned(extents->array[i].pfn,
					   iokmem_extent_pages(extents, i)))
			return true;
	return false;
}

static void cma_free(struct iokmem_pages *pages)
{
	const struct iokmem_extents *extents = pages->extents;

	if (pages_poisoned(pages))
		iokmem_frames_lose(extents->array[0].pfn, iokmem_extents_pages(extents));
	else if (!WARN_ON(iokmem_pages_retype(pages, IOKMEM_MAP_COPYBACK_CACHE)))
		iokmem_contig_free_cma(pages);
}

/*
 * iokmem_pages_free - give back what iokmem_pages_alloc() has allocated
 *
 * Blocks that the hardware has poisoned are given up. @charge: what the memory is charged by.
 * It is reduced by the pages that others keep, which stay charged.
 */
void iokmem_pages_free(struct iokmem_pages *pages, struct iokmem_charge *charge)
{
	unsigned int i;

	switch (pages->source) {
	case IOKMEM_PAGES_POOL:
		for (i = 0; i < pages->extents->nr; i++)
			blocks_put(pages->extents->array[i].pfn,
				   iokmem_extent_pages(pages->extents, i), pages->source,
				   charge);
		break;
	case IOKMEM_PAGES_CMA:
		cma_free(pages);
		break;
	case IOKMEM_PAGES_BLOCKS:
		for (i = 0; i < pages->extents->nr; i++)
			extent_free(pages, i, charge);
		break;
	}
	iokmem_extents_fini(pages->extents);
}

/*
 * Give pages another type, piece by piece, from the one with index @done up to @end. @done
 * counts those that have it. Returns 0; -ENOMEM; or, if @killable, -EINTR for a fatal signal.
 */
static int pages_change(const struct iokmem_extents *extents, pgoff_t *done, pgoff_t end,
			u32 from, u32 to, bool killable)
{
	while (*done < end) {
		struct iokmem_run run = iokmem_extents_lookup(extents, *done);
		unsigned long nr = piece_end(run.pfn, run.pfn + min(run.nr, end - *done)) - run.pfn;
		int err;

		if (killable && fatal_signal_pending(current))
			return -EINTR;
		err = iokmem_cache_change(run.pfn, nr, from, to);
		if (err)
			return err;
		*done += nr;
		cond_resched();
	}
	return 0;
}

/* Take blocks out of their pool, since they have another type than the pool now. */
static void leave_pool(struct iokmem_pages *pages)
{
	const struct iokmem_extents *extents = pages->extents;
	unsigned int i;

	if (pages->source != IOKMEM_PAGES_POOL)
		return;
	for (i = 0; i < extents->nr; i++) {
		unsigned long pfn = extents->array[i].pfn;
		unsigned long end = pfn + iokmem_extent_pages(extents, i), next;

		for (; pfn < end; pfn = next) {
			next = pool_block_end(pfn);
			iokmem_pool_disown(pfn_to_page(pfn));
			cond_resched();
		}
	}
	pages->source = IOKMEM_PAGES_BLOCKS;
}

/*
 * iokmem_pages_retype - give all pages another type
 *
 * Only the kernel's map of all memory maps them. Returns 0; -ENOMEM; -EINTR for a fatal signal; or
 * -EIO if the hardware has poisoned one of them. After an error all pages have the type they had:
 * to give back the old type takes as long as what was done until then. Making pages write-back is
 * not interrupted, so that they can always be freed.
 */
int iokmem_pages_retype(struct iokmem_pages *pages, u32 cache_mode)
{
	pgoff_t end = iokmem_extents_pages(pages->extents), done = 0, undone = 0;
	u32 old = pages->cache_mode;
	int err;

	if (cache_mode == old)
		return 0;
	if (pages_poisoned(pages))
		return -EIO;
	err = pages_change(pages->extents, &done, end, old, cache_mode,
			   cache_mode != IOKMEM_MAP_COPYBACK_CACHE);
	if (err) {
		WARN_ON(pages_change(pages->extents, &undone, done, cache_mode, old, false));
		return err;
	}
	leave_pool(pages);
	pages->cache_mode = cache_mode;
	return 0;
}

/*
 * iokmem_pages_pinned - return true if anybody else keeps one of the pages
 *
 * Nobody can keep pages of a pool or of the reserve, which go back when the owner says so.
 */
bool iokmem_pages_pinned(const struct iokmem_pages *pages)
{
	const struct iokmem_extents *extents = pages->extents;
	unsigned int i;

	if (pages->source != IOKMEM_PAGES_BLOCKS)
		return false;
	for (i = 0; i < extents->nr; i++) {
		unsigned long pfn = extents->array[i].pfn;
		unsigned long end = pfn + iokmem_extent_pages(extents, i);

		for (; pfn < end; pfn = block_end(pfn)) {
			if (page_count(pfn_to_page(pfn)) != 1)
				return true;
			cond_resched();
		}
	}
	return false;
}

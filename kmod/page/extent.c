// SPDX-License-Identifier: GPL-2.0
/*
 * Extents: where a descriptor's memory is, in order.
 *
 * A page of the memory is named by its index; "end" is always the index just
 * past the last one. The table is searched by bisection, so a look-up costs the
 * logarithm of the number of extents, and its size goes with the number of
 * extents, not of pages.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "page/compat.h"
#include "page/extent.h"

/*
 * iokmem_extents_init - make room for @nr extents, which the caller fills
 */
int iokmem_extents_init(struct iokmem_extents *extents, unsigned int nr,
			gfp_t gfp)
{
	if (nr == 1)
		extents->array = &extents->one;
	else
		extents->array = iokmem_kvmalloc_array(nr, sizeof(*extents->array), gfp);
	if (!extents->array)
		return -ENOMEM;
	extents->nr = nr;
	return 0;
}

void iokmem_extents_fini(struct iokmem_extents *extents)
{
	if (extents->array != &extents->one)
		kvfree(extents->array);
	extents->array = NULL;
	extents->nr = 0;
}

/*
 * iokmem_extents_from_pages - where these pages are, neighbours in one extent
 */
int iokmem_extents_from_pages(struct iokmem_extents *extents,
			      struct page **pages, unsigned long nr)
{
	unsigned int nr_extents = 0;
	unsigned long i;
	int err;

	for (i = 0; i < nr; i++)
		if (!i || page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1)
			nr_extents++;
	err = iokmem_extents_init(extents, nr_extents, GFP_KERNEL);
	if (err)
		return err;

	nr_extents = 0;
	for (i = 0; i < nr; i++) {
		if (!i || page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1)
			extents->array[nr_extents++].pfn = page_to_pfn(pages[i]);
		extents->array[nr_extents - 1].end = i + 1;
	}
	return 0;
}

/*
 * iokmem_extents_pages - how many pages there are in all
 */
pgoff_t iokmem_extents_pages(const struct iokmem_extents *extents)
{
	return extents->nr ? extents->array[extents->nr - 1].end : 0;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_extents_pages);

/*
 * iokmem_extents_find - the extent that holds page @index, which must be one there is
 *
 * That is the first one that ends after it. The pages that follow are in the next
 * extents: who goes through many of them need not look up each.
 */
unsigned int iokmem_extents_find(const struct iokmem_extents *extents, pgoff_t index)
{
	unsigned int low = 0, high = extents->nr - 1;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (extents->array[mid].end <= index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_extents_find);

/*
 * iokmem_extents_lookup - where page @index is, which must be a page there is
 */
struct iokmem_run iokmem_extents_lookup(const struct iokmem_extents *extents,
					pgoff_t index)
{
	struct iokmem_run run = {};
	unsigned int i;

	if (WARN_ON_ONCE(index >= iokmem_extents_pages(extents)))
		return run;
	i = iokmem_extents_find(extents, index);
	run.before = index - iokmem_extent_start(extents, i);
	run.pfn = extents->array[i].pfn + run.before;
	run.nr = extents->array[i].end - index;
	return run;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_extents_lookup);

/*
 * iokmem_extents_contiguous - are the @nr pages from @index neighbours?
 *
 * Extents that happen to follow each other in memory count as one.
 */
bool iokmem_extents_contiguous(const struct iokmem_extents *extents,
			       pgoff_t index, unsigned long nr)
{
	struct iokmem_run run = iokmem_extents_lookup(extents, index);
	unsigned long next = run.pfn + run.nr;
	unsigned int i = iokmem_extents_find(extents, index);

	while (run.nr < nr) {
		if (++i == extents->nr || extents->array[i].pfn != next)
			return false;
		run.nr += iokmem_extent_pages(extents, i);
		next += iokmem_extent_pages(extents, i);
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_extents_contiguous);

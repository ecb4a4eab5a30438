// SPDX-License-Identifier: GPL-2.0
/*
 * Extents: where a descriptor's memory is, in order.
 *
 * A page of the memory is named by its index; "end" is always the index just past the last
 * page. The table is searched by bisection: a look-up costs the logarithm of the number of
 * extents. The size of the table goes with the number of extents.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "page/compat.h"
#include "page/extent.h"

/*
 * iokmem_extents_init - make room for @nr extents, which the caller fills in
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
	WRITE_ONCE(extents->nr, nr);
	return 0;
}

void iokmem_extents_fini(struct iokmem_extents *extents)
{
	if (extents->array != &extents->one)
		kvfree(extents->array);
	extents->array = NULL;
	WRITE_ONCE(extents->nr, 0);
}

/*
 * iokmem_extents_move - move the extents of @from to @to, which has none
 */
void iokmem_extents_move(struct iokmem_extents *to, struct iokmem_extents *from)
{
	to->one = from->one;
	to->array = from->array == &from->one ? &to->one : from->array;
	WRITE_ONCE(to->nr, from->nr);
	from->array = NULL;
	from->nr = 0;
}

/*
 * iokmem_extents_add - the next @nr pages are the frames from @pfn on
 *
 * Neighbours in memory become one extent. For the walk of iokmem_extents_build().
 */
void iokmem_extents_add(struct iokmem_extents_builder *builder, unsigned long pfn,
			unsigned long nr)
{
	if (!builder->nr || pfn != builder->next) {
		if (builder->nr < builder->room)
			builder->array[builder->nr].pfn = pfn;
		builder->nr++;
	}
	builder->end += nr;
	if (builder->nr <= builder->room)
		builder->array[builder->nr - 1].end = builder->end;
	builder->next = pfn + nr;
}

/*
 * iokmem_extents_build - make extents of the frames that @walk adds, in order
 *
 * @walk adds the frames, at least one. The only extent is filled in while the extents are counted.
 * If there are more, @walk is called a second time to fill in all of them. Returns 0, -ENOMEM, or
 * an error of the first @walk.
 */
int iokmem_extents_build(struct iokmem_extents *extents, gfp_t gfp,
			 iokmem_extents_walk_fn walk, void *arg)
{
	struct iokmem_extents_builder builder = { .array = &extents->one, .room = 1 };
	unsigned int nr;
	int err;

	err = walk(&builder, arg);
	nr = builder.nr;
	if (!err)
		err = iokmem_extents_init(extents, nr, gfp);
	if (err || nr == 1)
		return err;
	builder = (struct iokmem_extents_builder) { .array = extents->array, .room = nr };
	walk(&builder, arg);
	return 0;
}

struct page_array {
	struct page **pages;
	unsigned long nr;
};

static int walk_pages(struct iokmem_extents_builder *builder, void *arg)
{
	const struct page_array *array = arg;
	unsigned long i;

	for (i = 0; i < array->nr; i++) {
		iokmem_extents_add(builder, page_to_pfn(array->pages[i]), 1);
		cond_resched();
	}
	return 0;
}

/*
 * iokmem_extents_from_pages - make extents of an array of @nr pages
 */
int iokmem_extents_from_pages(struct iokmem_extents *extents,
			      struct page **pages, unsigned long nr)
{
	struct page_array array = { .pages = pages, .nr = nr };

	return iokmem_extents_build(extents, GFP_KERNEL_ACCOUNT, walk_pages, &array);
}

/*
 * iokmem_extents_pages - return how many pages all extents have
 */
pgoff_t iokmem_extents_pages(const struct iokmem_extents *extents)
{
	return extents->nr ? extents->array[extents->nr - 1].end : 0;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_extents_pages);

/*
 * iokmem_extents_find - find the extent that holds page @index, which must exist
 *
 * It is the first extent that ends after @index. The pages that follow are in the next
 * extents, so a caller that needs many pages need not look up each.
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
 * iokmem_extents_lookup - find where page @index is, which must exist
 */
struct iokmem_run iokmem_extents_lookup(const struct iokmem_extents *extents,
					pgoff_t index)
{
	struct iokmem_run run = { .pfn = IOKMEM_NO_PFN, .nr = 1 };
	unsigned int i;

	/* Nobody gets a frame that is not the memory's, or goes on for ever. */
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
 * iokmem_extents_contiguous - return true if the @nr pages from @index are neighbours
 *
 * They may be in several extents that happen to follow each other in memory.
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

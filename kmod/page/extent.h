/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extents: where a descriptor's memory is, in order. This is pure arithmetic on page frame
 * numbers.
 */
#ifndef _IOKMEM_EXTENT_H
#define _IOKMEM_EXTENT_H

#include <linux/types.h>

struct page;

/**
 * struct iokmem_extent - a run of physically contiguous pages
 * @pfn: its first page frame
 * @end: index of the page just past it, counted from the first page of the memory
 */
struct iokmem_extent {
	unsigned long pfn;
	pgoff_t end;
};

/**
 * struct iokmem_extents - all the memory of a descriptor, in order
 * @array: the extents, by ascending @end
 * @nr: how many
 * @one: used as @array if there is only one extent
 *
 * No extent is empty. The extents do not change once they are filled in. The structure must not be
 * copied; see iokmem_extents_move().
 */
struct iokmem_extents {
	struct iokmem_extent *array;
	unsigned int nr;
	struct iokmem_extent one;
};

/* The frame number of memory that must not be touched: guard pages. */
#define IOKMEM_NO_PFN	(~0UL)

/**
 * struct iokmem_run - the result of a look-up: pages that are neighbours
 * @pfn: frame of the page that was looked up
 * @before: how many pages of its extent come before it
 * @nr: how many pages of its extent there are from it on, itself included
 * @cache_mode: the mode of the pages; filled in by iokmem_desc_lookup()
 * @typed: the pages really have @cache_mode; filled in by iokmem_desc_lookup()
 */
struct iokmem_run {
	unsigned long pfn;
	unsigned long before;
	unsigned long nr;
	u32 cache_mode;
	bool typed;
};

/**
 * struct iokmem_extents_builder - extents that are counted, and filled in as far as there is room
 * @array: to be filled in
 * @room: how many extents @array has room for
 * @nr: how many extents there are so far
 * @end: how many pages these have
 * @next: the frame behind the last one
 */
struct iokmem_extents_builder {
	struct iokmem_extent *array;
	unsigned int room;
	unsigned int nr;
	pgoff_t end;
	unsigned long next;
};

typedef int (*iokmem_extents_walk_fn)(struct iokmem_extents_builder *builder, void *arg);

void iokmem_extents_move(struct iokmem_extents *to, struct iokmem_extents *from);
int iokmem_extents_init(struct iokmem_extents *extents, unsigned int nr,
			gfp_t gfp);
void iokmem_extents_add(struct iokmem_extents_builder *builder, unsigned long pfn,
			unsigned long nr);
int iokmem_extents_build(struct iokmem_extents *extents, gfp_t gfp,
			 iokmem_extents_walk_fn walk, void *arg);
int iokmem_extents_from_pages(struct iokmem_extents *extents,
			      struct page **pages, unsigned long nr);
void iokmem_extents_fini(struct iokmem_extents *extents);

pgoff_t iokmem_extents_pages(const struct iokmem_extents *extents);
unsigned int iokmem_extents_find(const struct iokmem_extents *extents, pgoff_t index);
struct iokmem_run iokmem_extents_lookup(const struct iokmem_extents *extents,
					pgoff_t index);
bool iokmem_extents_contiguous(const struct iokmem_extents *extents,
			       pgoff_t index, unsigned long nr);

/*
 * iokmem_extent_start - return the index of the first page of extent @i
 */
static inline pgoff_t iokmem_extent_start(const struct iokmem_extents *extents,
					  unsigned int i)
{
	return i ? extents->array[i - 1].end : 0;
}

/*
 * iokmem_extent_pages - return how many pages extent @i has
 */
static inline unsigned long iokmem_extent_pages(const struct iokmem_extents *extents,
						unsigned int i)
{
	return extents->array[i].end - iokmem_extent_start(extents, i);
}

#endif /* _IOKMEM_EXTENT_H */

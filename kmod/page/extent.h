/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extents: where a descriptor's memory is, in order. Pure arithmetic on page
 * frame numbers; who allocated the frames is not known here.
 */
#ifndef _IOKMEM_EXTENT_H
#define _IOKMEM_EXTENT_H

#include <linux/types.h>

struct page;

/**
 * struct iokmem_extent - a run of physically contiguous pages
 * @pfn: its first page frame
 * @end: index, in the whole of the memory, of the page just past it
 */
struct iokmem_extent {
	unsigned long pfn;
	pgoff_t end;
};

/**
 * struct iokmem_extents - all the memory of a descriptor, in order
 * @array: the extents, by ascending @end
 * @nr: how many
 * @one: for @array, if there is only one
 *
 * Invariant: no extent is empty. Immutable once filled, and not copied.
 */
struct iokmem_extents {
	struct iokmem_extent *array;
	unsigned int nr;
	struct iokmem_extent one;
};

/**
 * struct iokmem_run - what one look-up finds
 * @pfn: frame of the first page asked for
 * @before: how many pages of the same extent precede it
 * @nr: how many pages of the same extent follow from it, with it
 * @cache_mode: what type they have; extents know nothing of it
 * @typed: nobody else can have given them another type; nor of that
 */
struct iokmem_run {
	unsigned long pfn;
	unsigned long before;
	unsigned long nr;
	u32 cache_mode;
	bool typed;
};

/**
 * struct iokmem_extents_builder - extents that are counted, or filled in
 * @array: to be filled in; NULL: the extents are only counted
 * @nr: how many extents there are so far
 * @end: how many pages these have
 * @next: the frame behind the last one
 */
struct iokmem_extents_builder {
	struct iokmem_extent *array;
	unsigned int nr;
	pgoff_t end;
	unsigned long next;
};

typedef int (*iokmem_extents_walk_fn)(struct iokmem_extents_builder *builder, void *arg);

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
 * iokmem_extent_start - index of the first page of extent @i
 */
static inline pgoff_t iokmem_extent_start(const struct iokmem_extents *extents,
					  unsigned int i)
{
	return i ? extents->array[i - 1].end : 0;
}

/*
 * iokmem_extent_pages - how many pages extent @i has
 */
static inline unsigned long iokmem_extent_pages(const struct iokmem_extents *extents,
						unsigned int i)
{
	return extents->array[i].end - iokmem_extent_start(extents, i);
}

#endif /* _IOKMEM_EXTENT_H */

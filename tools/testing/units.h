/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes: of pages, of huge page table entries, and of a fixture's variants.
 */
#ifndef _UNITS_H
#define _UNITS_H

#include <stddef.h>
#include <unistd.h>

#include <linux/types.h>

#define PAGE		((unsigned long)getpagesize())
#define KIB		1024UL
#define MIB		(1024UL * KIB)
/* A huge entry maps as much as a whole page table: one page of 8-byte entries. */
#define PMD		(PAGE / sizeof(__u64) * PAGE)
/* The largest block of the kernel's allocator has PMD or 2 * PMD bytes. */
#define MORE_THAN_A_BLOCK	(4 * PMD)

#define BITS		32

static inline size_t round_up(size_t x, size_t to)
{
	return (x + to - 1) / to * to;
}

/**
 * struct measure - a size whose parts are added up
 * @huge: how many times PMD
 * @pages: how many pages
 * @bytes: how many bytes
 *
 * A fixture's variants are constants, but the sizes of pages and of huge entries are not
 * known before the program runs.
 */
struct measure {
	long huge;
	long pages;
	long bytes;
};

#define MEASURE(_huge, _pages, _bytes) \
	{ .huge = _huge, .pages = _pages, .bytes = _bytes }
#define NR_HUGE(_n)	{ .huge = _n }
#define NR_PAGES(_n)	{ .pages = _n }
#define NR_BYTES(_n)	{ .bytes = _n }

static inline size_t measured(struct measure measure)
{
	return measure.huge * PMD + measure.pages * PAGE + measure.bytes;
}

#endif /* _UNITS_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ADDRESSES_H
#define _IOKMEM_ADDRESSES_H

#include <linux/types.h>

struct iokmem_desc;
struct mm_struct;

/**
 * struct iokmem_shown - what addresses of a program show
 * @start: the first address
 * @end: the address just past the last one
 * @desc: the descriptor that a map at these addresses shows, a user reference; NULL: they are in
 *	no map, and are memory of the program's own, or nothing
 * @offset: of the first byte in @desc
 * @read_only: the program may not write there
 */
struct iokmem_shown {
	unsigned long start;
	unsigned long end;
	struct iokmem_desc *desc;
	size_t offset;
	bool read_only;
};

/*
 * Finds out what a program sees at an address, and from there on. Set by map/. Returns 0; -ENXIO
 * if a map was there and has ended; -EBUSY if the map is redirected to nothing; -ENODEV if its
 * memory has been revoked; -EFAULT if the address is in the guard of the map, or past the end of
 * the memory; -EACCES if the program may not even read; -EOVERFLOW if the descriptor has too many
 * references; -EDEADLK if the caller holds the mmap lock; or -EINTR.
 */
extern int (*iokmem_find_shown)(struct mm_struct *mm, unsigned long address,
				struct iokmem_shown *shown);

#endif /* _IOKMEM_ADDRESSES_H */

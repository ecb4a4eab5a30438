// SPDX-License-Identifier: GPL-2.0
/*
 * The memory type of pages: the only place that knows cache modes.
 *
 * A memory type belongs to the pages, not to one mapping of them: every page
 * table entry and every kernel alias of a page must agree. Memory here is
 * ordinary RAM with the type the kernel gave it, write-back, which IOKit calls
 * copyback; any other mode is refused before memory is allocated for it.
 */
#include <linux/errno.h>

#include "cache.h"

/*
 * iokmem_cache_resolve - the mode that asking for @mode puts in force
 *
 * Returns 0 or -EOPNOTSUPP.
 */
int iokmem_cache_resolve(u32 mode, u32 *resolved)
{
	switch (mode) {
	case IOKMEM_MAP_DEFAULT_CACHE:
	case IOKMEM_MAP_COPYBACK_CACHE:
		*resolved = IOKMEM_MAP_COPYBACK_CACHE;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * iokmem_cache_name - for people
 */
const char *iokmem_cache_name(u32 mode)
{
	switch (mode) {
	case IOKMEM_MAP_COPYBACK_CACHE:
		return "copyback";
	default:
		return "?";
	}
}

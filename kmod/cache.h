/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_CACHE_H
#define _IOKMEM_CACHE_H

#include <uapi/linux/iokmem.h>

/* The cache mode in the options of a buffer or a map. */
static inline u32 iokmem_cache_field(u32 options)
{
	return options & IOKMEM_MAP_CACHE_MASK;
}

int iokmem_cache_resolve(u32 mode, u32 *resolved);
const char *iokmem_cache_name(u32 mode);

#endif /* _IOKMEM_CACHE_H */

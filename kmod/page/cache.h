/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_CACHE_H
#define _IOKMEM_CACHE_H

#include <linux/pgtable.h>
#include <linux/types.h>

#include <uapi/linux/iokmem.h>

/* Return the cache mode in the options of a buffer or a map. */
static inline u32 iokmem_cache_field(u32 options)
{
	return options & IOKMEM_MAP_CACHE_MASK;
}

/* Find the mode that asking for @mode puts in force: 0 or -EOPNOTSUPP. */
int iokmem_cache_resolve_ram(u32 mode, u32 *resolved);
int iokmem_cache_resolve_io(u32 mode, u32 *resolved);
int iokmem_cache_resolve_fixed(u32 mode, u32 *resolved);

pgprot_t iokmem_cache_prot(u32 mode, bool typed, pgprot_t prot);
bool iokmem_cache_in_huge_entries(u32 mode);
int iokmem_cache_change(unsigned long pfn, unsigned long nr, u32 from, u32 to);
void __iomem *iokmem_cache_ioremap(phys_addr_t address, size_t length, u32 mode);
int iokmem_cache_find(unsigned long address, unsigned long pfn, u32 *mode);
int iokmem_cache_flush(void *address, size_t length, bool invalidate);
const char *iokmem_cache_name(u32 mode);

/*
 * iokmem_cache_in_direct_map - return true if the kernel's map of all memory has the mode of
 * the memory in it
 */
static inline bool iokmem_cache_in_direct_map(u32 mode)
{
	return IS_ENABLED(CONFIG_X86) || mode == IOKMEM_MAP_COPYBACK_CACHE;
}

#endif /* _IOKMEM_CACHE_H */

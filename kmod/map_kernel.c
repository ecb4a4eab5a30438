// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings in the kernel's own address space. They are complete when they are
 * made and never fault.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "cache.h"
#include "compat.h"
#include "desc.h"
#include "map.h"

/*
 * The pages of a mapping, and the one cache mode that they have: a mapping of the
 * kernel's has one for all. -EOPNOTSUPP if that is not so, or not all of it is RAM.
 */
static int fill_pages(struct page **pages, const struct iokmem_map *map,
		      u32 *cache_mode)
{
	unsigned long nr_pages = iokmem_map_pages(map);
	pgoff_t index = iokmem_map_index(map);
	unsigned long i = 0, end;

	while (i < nr_pages) {
		struct iokmem_run run = iokmem_desc_lookup(map->desc, index + i);

		if (run.pfn == IOKMEM_NO_PFN || !pfn_valid(run.pfn) ||
		    (i && run.cache_mode != *cache_mode))
			return -EOPNOTSUPP;
		*cache_mode = run.cache_mode;
		for (end = min(i + run.nr, nr_pages); i < end; i++)
			pages[i] = pfn_to_page(run.pfn++);
	}
	return 0;
}

/*
 * VM_IOREMAP is how vmap() is asked for addresses aligned to the size: a buffer
 * that is not contiguous is larger than its alignment, so that alignment holds.
 */
static int map_pages(struct iokmem_map *map, struct page **pages)
{
	pgprot_t prot = map->options & IOKMEM_MAP_READ_ONLY ? PAGE_KERNEL_RO :
							      PAGE_KERNEL;
	unsigned long flags = VM_MAP;
	u32 cache_mode;
	int err;

	err = fill_pages(pages, map, &cache_mode);
	if (err)
		return err;
	if (map->desc->alignment > PAGE_SIZE)
		flags |= VM_IOREMAP;
	map->kaddr = vmap(pages, iokmem_map_pages(map), flags,
			  iokmem_cache_prot(cache_mode, prot));
	if (!map->kaddr)
		return -ENOMEM;
	map->start = (unsigned long)map->kaddr;
	return 0;
}

/*
 * iokmem_map_kernel - make the addresses of a kernel mapping
 */
int iokmem_map_kernel(struct iokmem_map *map)
{
	struct page **pages;
	int err;

	if (map->desc->ops->fixed_address)
		return -EOPNOTSUPP;
	pages = kvmalloc_array(iokmem_map_pages(map), sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	err = map_pages(map, pages);
	kvfree(pages);
	return err;
}

/*
 * iokmem_unmap_kernel - let go of the addresses, if the mapping got any
 */
void iokmem_unmap_kernel(struct iokmem_map *map)
{
	vunmap(xchg(&map->kaddr, NULL));
}

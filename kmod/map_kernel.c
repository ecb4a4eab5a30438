// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings in the kernel's own address space. They are complete when they are
 * made and never fault.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "desc.h"
#include "map.h"

/*
 * The kernel maps all memory already, writable, for everybody. That will do
 * unless the map is to be read-only, or to be its own.
 */
static bool direct_map_serves(const struct iokmem_map *map)
{
	return !(map->options & (IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE)) &&
	       iokmem_extents_contiguous(&map->desc->extents,
					 iokmem_map_index(map),
					 iokmem_map_pages(map));
}

static void fill_pages(struct page **pages, const struct iokmem_map *map)
{
	unsigned long nr_pages = iokmem_map_pages(map);
	pgoff_t index = iokmem_map_index(map);
	unsigned long i = 0, end;

	while (i < nr_pages) {
		struct iokmem_run run =
			iokmem_extents_lookup(&map->desc->extents, index + i);

		for (end = min(i + run.nr, nr_pages); i < end; i++)
			pages[i] = pfn_to_page(run.pfn++);
	}
}

/*
 * iokmem_map_kernel - make the addresses of a kernel mapping
 *
 * VM_IOREMAP is how vmap() is asked for addresses aligned to the size: a buffer
 * that is not contiguous is larger than its alignment, so that alignment holds.
 */
int iokmem_map_kernel(struct iokmem_map *map)
{
	const struct iokmem_desc *desc = map->desc;
	unsigned long nr_pages = iokmem_map_pages(map);
	unsigned long flags = VM_MAP;
	struct page **pages;
	pgprot_t prot;

	if (direct_map_serves(map)) {
		struct iokmem_run run =
			iokmem_extents_lookup(&desc->extents,
					      iokmem_map_index(map));

		map->start = (unsigned long)page_address(pfn_to_page(run.pfn));
		return 0;
	}

	pages = kvmalloc_array(nr_pages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	fill_pages(pages, map);

	if (desc->alignment > PAGE_SIZE)
		flags |= VM_IOREMAP;
	prot = map->options & IOKMEM_MAP_READ_ONLY ? PAGE_KERNEL_RO : PAGE_KERNEL;
	map->kaddr = vmap(pages, nr_pages, flags, prot);
	kvfree(pages);
	if (!map->kaddr)
		return -ENOMEM;
	map->start = (unsigned long)map->kaddr;
	return 0;
}

/*
 * iokmem_unmap_kernel - let go of the addresses, if the mapping got any
 */
void iokmem_unmap_kernel(struct iokmem_map *map)
{
	vunmap(map->kaddr);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings in the kernel's own address space. They are complete when they are
 * made and never fault.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "desc/desc.h"
#include "desc/vmap.h"
#include "map/map.h"

/*
 * iokmem_map_kernel - make the addresses of a kernel mapping
 */
int iokmem_map_kernel(struct iokmem_map *map)
{
	pgprot_t prot = map->options & IOKMEM_MAP_READ_ONLY ? PAGE_KERNEL_RO :
							      PAGE_KERNEL;
	void *address;

	if (iokmem_desc_has_fixed_address(map->desc))
		return -EOPNOTSUPP;
	address = iokmem_vmap(map->desc, iokmem_map_index(map), iokmem_map_pages(map),
			      prot);
	if (IS_ERR(address))
		return PTR_ERR(address);
	map->kaddr = address;
	map->start = (unsigned long)address;
	return 0;
}

/*
 * iokmem_unmap_kernel - let go of the addresses, if the mapping got any
 */
void iokmem_unmap_kernel(struct iokmem_map *map)
{
	vunmap(xchg(&map->kaddr, NULL));
}

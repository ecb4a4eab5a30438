// SPDX-License-Identifier: GPL-2.0
/*
 * Options of a buffer where those of a map belong, and the other way round. Sparse has to complain
 * about each line that is marked, and about no other one. lint compiles this file; nobody runs it.
 */
#include <iokit/IOBufferMemoryDescriptor.h>
#include <iokit/IODMACommand.h>
#include <linux/iokmem.h>

static void right(struct iokmem_desc *desc, struct task_struct *task)
{
	const u32 cached = IOKMEM_MAP_INHIBIT_CACHE;

	iokmem_buffer_with_options(IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE | cached, SZ_4K, 0);
	iokmem_desc_prepare(desc, IOKMEM_DIRECTION_OUT);
	iokmem_desc_map(desc, 0);
	iokmem_desc_map(desc, iokmem_map_cache(cached) | IOKMEM_MAP_READ_ONLY);
	iokmem_desc_create_mapping_in_task(desc, task, 0, IOKMEM_MAP_ANYWHERE, 0, 0);
}

static void swapped(struct iokmem_desc *desc, struct task_struct *task, struct iokmem_map *map)
{
	iokmem_buffer_with_options(IOKMEM_MAP_ANYWHERE, SZ_4K, 0);			/* wrong */
	iokmem_buffer_in_task_with_options(task, IOKMEM_MAP_PREFAULT, 1, 0);		/* wrong */
	iokmem_desc_prepare(desc, IOKMEM_MAP_ANYWHERE);					/* wrong */
	iokmem_desc_map(desc, IOKMEM_DIRECTION_IN);					/* wrong */
	iokmem_desc_map(desc, IOKMEM_MAP_INHIBIT_CACHE);				/* wrong */
	iokmem_desc_create_mapping_in_task(desc, task, 0, IOKMEM_PAGEABLE, 0, 0);	/* wrong */
	iokmem_desc_set_mapping(desc, task, 0, IOKMEM_DIRECTION_OUT);			/* wrong */
	right(desc, iokmem_map_get_options(map) & IOKMEM_PAGEABLE ? task : NULL);	/* wrong */
}

static int __init swapped_init(void)
{
	swapped(NULL, current, NULL);
	return 0;
}
module_init(swapped_init);

IOKMEM_IMPORT_NS();
MODULE_LICENSE("GPL");

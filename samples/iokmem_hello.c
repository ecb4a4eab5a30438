// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/iokmem.h>
#include <linux/sizes.h>

static struct iokmem_desc *buffer;

static int __init hello_init(void)
{
	struct iokmem_map *map;

	buffer = iokmem_buffer_with_options(IOKMEM_DIRECTION_INOUT, SZ_1M, 0);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	strscpy(iokmem_buffer_get_bytes_no_copy(buffer), "Hello from the kernel",
		SZ_1M);

	/* Show the first page, read-only, to the process that loads us. */
	map = iokmem_desc_create_mapping_in_task(buffer, current, 0,
						 IOKMEM_MAP_ANYWHERE |
						 IOKMEM_MAP_READ_ONLY, 0, SZ_4K);
	if (IS_ERR(map)) {
		iokmem_desc_put(buffer);
		return PTR_ERR(map);
	}
	pr_info("mapped at %#lx\n", iokmem_map_get_address(map));
	iokmem_map_put(map);
	return 0;
}

static void __exit hello_exit(void)
{
	iokmem_desc_put(buffer);
}

module_init(hello_init);
module_exit(hello_exit);
IOKMEM_IMPORT_NS();
MODULE_DESCRIPTION("Smallest use of <linux/iokmem.h>");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * iokmem - memory descriptors for Linux, after IOKit's: loading and unloading.
 */
#include <linux/module.h>

#include "desc/desc.h"
#include "memory/addresses.h"
#include "memory/import.h"
#include "memory/memory.h"
#include "page/contig.h"
#include "page/leftover.h"
#include "page/pool.h"
#include "page/workqueue.h"
#include "user/chardev.h"
#include "user/procfs.h"

/* The tracepoints need the definitions of the objects that they read. */
#include "map/map.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct workqueue_struct *iokmem_workqueue;

static int __init iokmem_init(void)
{
	int err;

	err = iokmem_mapping_init();
	if (err)
		return err;

	iokmem_workqueue = alloc_workqueue("iokmem", WQ_UNBOUND, 0);
	if (!iokmem_workqueue) {
		err = -ENOMEM;
		goto err_mapping;
	}

	err = iokmem_contig_init();
	if (err)
		goto err_workqueue;

	err = iokmem_pool_init();
	if (err)
		goto err_contig;

	err = iokmem_pageable_init();
	if (err)
		goto err_pool;

	err = iokmem_dma_buf_init();
	if (err)
		goto err_pageable;

	err = iokmem_file_init();
	if (err)
		goto err_dma_buf;

	iokmem_end_mappings = iokmem_mappings_end_all;
	iokmem_find_shown = iokmem_vma_find_shown;
	err = iokmem_procfs_init();
	if (err)
		goto err_file;

	err = iokmem_chardev_init();
	if (err)
		goto err_procfs;
	return 0;

err_procfs:
	iokmem_procfs_exit();
	iokmem_desc_exit();
err_file:
	iokmem_file_exit();
err_dma_buf:
	iokmem_dma_buf_exit();
err_pageable:
	iokmem_pageable_exit();
err_pool:
	iokmem_pool_exit();
err_contig:
	iokmem_contig_exit();
err_workqueue:
	destroy_workqueue(iokmem_workqueue);
err_mapping:
	iokmem_mapping_exit();
	return err;
}

/* No object is left: each descriptor, file and map has a reference to the module. */
static void __exit iokmem_exit(void)
{
	iokmem_chardev_exit();
	iokmem_procfs_exit();
	iokmem_desc_exit();
	iokmem_file_exit();
	iokmem_dma_buf_exit();
	iokmem_pageable_exit();
	iokmem_leftover_exit();
	iokmem_pool_exit();
	iokmem_contig_exit();
	/* Its work may still free mappings that were killed. */
	destroy_workqueue(iokmem_workqueue);
	iokmem_mapping_exit();
}

module_init(iokmem_init);
module_exit(iokmem_exit);

MODULE_DESCRIPTION("IOKit-style memory descriptors");
MODULE_AUTHOR("The iokmem developers");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");

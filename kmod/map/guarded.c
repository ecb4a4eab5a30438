// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers between guards.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>

#include <linux/iokmem.h>

#include "map/buffer.h"
#include "page/compat.h"

/**
 * iokmem_buffer_in_task_with_guard_pages - make a buffer with an unmapped page on each side
 * @task: a user task that the caller has a reference to, or IOKMEM_KERNEL_TASK
 * @options: as for iokmem_buffer_in_task_with_options(), but not %IOKMEM_PAGEABLE
 * @capacity: in bytes, at least 1; rounded up to whole pages, so that nothing lies between the
 *	last byte and the guard
 *
 * Follows IOBufferMemoryDescriptor::inTaskWithGuardPages(). The buffer's own address, which
 * iokmem_buffer_get_address() returns, is between the guards. The kernel oopses when it accesses
 * them; a user task gets SIGSEGV. Another map has guards if it is asked for with
 * %IOKMEM_MAP_GUARDED_SMALL, which shares the buffer's own mapping. Without that the kernel gets
 * another address, without guards.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: like iokmem_buffer_in_task_with_options(); also -EINVAL if @task is NULL or the memory is
 * to be pageable, and -EOPNOTSUPP for the kernel where its mappings have no guards.
 */
struct iokmem_desc *
iokmem_buffer_in_task_with_guard_pages(struct task_struct *task, u32 options, size_t capacity)
{
	struct iokmem_buffer_args args = {
		.task = task,
		.options = options,
		/* A capacity that wraps is refused. */
		.capacity = max_t(size_t, PAGE_ALIGN(capacity), capacity),
		.guards = IOKMEM_MAP_GUARDED_SMALL,
	};

	return iokmem_buffer_create(&args);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_in_task_with_guard_pages, IOKMEM_NS);

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_BUFFER_H
#define _IOKMEM_BUFFER_H

#include <linux/types.h>

struct iokmem_desc;
struct task_struct;

/**
 * struct iokmem_buffer_args - a request for a buffer
 * @task: the task to map the buffer into, IOKMEM_KERNEL_TASK, or NULL
 * @options: as asked for
 * @capacity: in bytes
 * @alignment: in bytes; 0 means 1
 * @physical_mask: which bits physical addresses may have; 0 means all
 * @guards: of the mapping in @task: IOKMEM_MAP_GUARDED_SMALL, _LARGE, or 0
 * @node: 1 plus the number of the node that the memory has to be on; 0: any
 * @charge: charge the calling task's user and memory cgroup, and for pageable memory those of
 *	who touches and holds it
 * @payer: charge this task's user and memory cgroup; NULL: nobody, unless @charge
 */
struct iokmem_buffer_args {
	struct task_struct *task;
	u32 options;
	size_t capacity;
	size_t alignment;
	u64 physical_mask;
	u32 guards;
	u32 node;
	bool charge;
	struct task_struct *payer;
};

struct iokmem_desc *iokmem_buffer_create(const struct iokmem_buffer_args *args);

#endif /* _IOKMEM_BUFFER_H */

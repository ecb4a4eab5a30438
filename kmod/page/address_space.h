/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ADDRESS_SPACE_H
#define _IOKMEM_ADDRESS_SPACE_H

#include <linux/types.h>

struct file;
struct mm_struct;
struct task_struct;

struct mm_struct *iokmem_task_mm(struct task_struct *task);
unsigned long iokmem_mm_mmap(struct mm_struct *mm, struct file *file,
			     unsigned long start, size_t size,
			     unsigned long prot, unsigned long flags,
			     unsigned long offset);
int iokmem_mm_munmap(struct mm_struct *mm, unsigned long start, size_t size);

#endif /* _IOKMEM_ADDRESS_SPACE_H */

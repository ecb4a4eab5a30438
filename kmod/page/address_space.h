/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ADDRESS_SPACE_H
#define _IOKMEM_ADDRESS_SPACE_H

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>

struct file;

unsigned long iokmem_mm_mmap(struct mm_struct *mm, struct file *file,
			     unsigned long start, size_t size,
			     unsigned long prot, unsigned long flags,
			     unsigned long offset);
struct mm_struct *iokmem_task_mm(struct task_struct *task);

/*
 * iokmem_mmap_is_locked_by_me - return true if the caller has the mmap lock for writing
 *
 * The owner of a lock is the task that has it for writing, and has bit 0 set if readers
 * have it. Real-time kernels have no such member: lockdep tells there.
 */
static inline bool iokmem_mmap_is_locked_by_me(struct mm_struct *mm)
{
#ifdef CONFIG_PREEMPT_RT
	return false;
#else
	unsigned long owner = atomic_long_read(&mm->mmap_lock.owner);

	return !(owner & 1) && (owner & ~7UL) == (unsigned long)current;
#endif
}

#endif /* _IOKMEM_ADDRESS_SPACE_H */

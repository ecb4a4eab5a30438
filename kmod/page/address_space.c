// SPDX-License-Identifier: GPL-2.0
/*
 * Other tasks' address spaces: finding one, and mmap() in it.
 *
 * The kernel's own vm_mmap() works in the current address space only. Another one is
 * entered by a kernel thread (kthread_use_mm()), which is this module's worker unless the
 * caller is a kernel thread itself. The caller keeps the address space (mm_users) and
 * holds no lock that a VMA's end takes.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <linux/iokmem.h>

#include "page/address_space.h"
#include "page/workqueue.h"

/**
 * struct mmap_call - a call of vm_mmap() in another address space
 * @work: runs it in a worker
 * @mm: the address space
 * @file: as for vm_mmap()
 * @start: as for vm_mmap()
 * @size: as for vm_mmap()
 * @prot: as for vm_mmap()
 * @flags: as for vm_mmap()
 * @offset: as for vm_mmap()
 * @result: what the call returned
 */
struct mmap_call {
	struct work_struct work;
	struct mm_struct *mm;
	struct file *file;
	unsigned long start;
	size_t size;
	unsigned long prot;
	unsigned long flags;
	unsigned long offset;
	unsigned long result;
};

static void call_as_kthread(struct mmap_call *call)
{
	kthread_use_mm(call->mm);
	call->result = vm_mmap(call->file, call->start, call->size, call->prot,
			       call->flags, call->offset);
	kthread_unuse_mm(call->mm);
}

static void call_work(struct work_struct *work)
{
	call_as_kthread(container_of(work, struct mmap_call, work));
}

/*
 * A kernel thread does not know what addresses a 32-bit program can reach, as the
 * program's own system calls do.
 */
static unsigned long low_address_flag(struct mm_struct *mm)
{
#ifdef MAP_32BIT
	if (mm->task_size <= U32_MAX)
		return MAP_32BIT;
#endif
	return 0;
}

/*
 * iokmem_mm_mmap - vm_mmap() in @mm
 */
unsigned long iokmem_mm_mmap(struct mm_struct *mm, struct file *file,
			     unsigned long start, size_t size,
			     unsigned long prot, unsigned long flags,
			     unsigned long offset)
{
	struct mmap_call call;

	might_sleep();

	if (current->mm == mm)
		return vm_mmap(file, start, size, prot, flags, offset);
	call = (struct mmap_call) {
		.mm = mm,
		.file = file,
		.start = start,
		.size = size,
		.prot = prot,
		.flags = flags | low_address_flag(mm),
		.offset = offset,
	};
	if ((current->flags & PF_KTHREAD) && !current->mm) {
		call_as_kthread(&call);
	} else {
		INIT_WORK_ONSTACK(&call.work, call_work);
		queue_work(iokmem_workqueue, &call.work);
		flush_work(&call.work);
		destroy_work_on_stack(&call.work);
	}
	return call.result;
}

/*
 * Return the address space of the process that @task is a thread of, or NULL. The thread
 * may have exited, while others of the process live.
 */
static struct mm_struct *get_process_mm(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	struct task_struct *thread;

	if (mm)
		return mm;
	rcu_read_lock();
	__for_each_thread(task->signal, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

/*
 * iokmem_task_mm - return the address space that @task names, for mmput()
 *
 * NULL is the kernel's. -EINVAL if @task has none, -ESRCH if its process has exited.
 */
struct mm_struct *iokmem_task_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	if (task == IOKMEM_KERNEL_TASK)
		return NULL;
	if (!task)
		return ERR_PTR(-EINVAL);
	/* Also the address space that a kernel thread has borrowed. */
	if (task == current && current->mm) {
		mmget(current->mm);
		return current->mm;
	}
	if (task->flags & PF_KTHREAD)
		return ERR_PTR(-EINVAL);
	mm = get_process_mm(task);
	return mm ? mm : ERR_PTR(-ESRCH);
}

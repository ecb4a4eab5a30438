// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: which one a task has, and mmap() and munmap() in any of them.
 *
 * The kernel's functions for mmap() and munmap() work in the current address space only.
 * Another one is entered by a kernel thread (kthread_use_mm()). That thread is the
 * module's worker, unless the caller is a kernel thread itself. The caller must keep the
 * address space (mm_users) and hold no lock that is taken when a VMA ends.
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

/*
 * Return the address space of a thread of @task's process that still has it, or NULL.
 * The first thread of a process may have exited while others run.
 */
static struct mm_struct *process_mm(struct task_struct *task)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

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
 * iokmem_task_mm - return the address space that @task names
 *
 * The caller keeps @task, and drops the reference with mmput(). Returns NULL for the
 * kernel's address space; -EINVAL if @task is NULL or a kernel thread; -ESRCH if its
 * process has exited.
 */
struct mm_struct *iokmem_task_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	if (task == IOKMEM_KERNEL_TASK)
		return NULL;
	if (!task)
		return ERR_PTR(-EINVAL);
	/* A kernel thread may have borrowed an address space. */
	if (task == current && current->mm) {
		mmget(current->mm);
		return current->mm;
	}
	if (task->flags & PF_KTHREAD)
		return ERR_PTR(-EINVAL);
	mm = get_task_mm(task);
	if (!mm)
		mm = process_mm(task);
	return mm ? mm : ERR_PTR(-ESRCH);
}

/**
 * struct mm_call - one call of vm_mmap() or vm_munmap()
 * @work: runs it in a worker
 * @mm: the address space to enter
 * @file: the file to map; NULL: unmap
 * @start: the address, as for mmap()
 * @size: in bytes
 * @prot: as for mmap()
 * @flags: as for mmap()
 * @offset: as for mmap()
 * @result: what the call returned
 */
struct mm_call {
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

static void mm_call_as_kthread(struct mm_call *call)
{
	kthread_use_mm(call->mm);
	if (call->file)
		call->result = vm_mmap(call->file, call->start, call->size,
				       call->prot, call->flags, call->offset);
	else
		call->result = vm_munmap(call->start, call->size);
	kthread_unuse_mm(call->mm);
}

static void mm_call_work(struct work_struct *work)
{
	mm_call_as_kthread(container_of(work, struct mm_call, work));
}

/* Make the call in an address space that is not the caller's own. */
static unsigned long mm_call(struct mm_call *call)
{
	might_sleep();

	if ((current->flags & PF_KTHREAD) && !current->mm) {
		mm_call_as_kthread(call);
	} else {
		INIT_WORK_ONSTACK(&call->work, mm_call_work);
		queue_work(iokmem_workqueue, &call->work);
		flush_work(&call->work);
		destroy_work_on_stack(&call->work);
	}
	return call->result;
}

/*
 * Return the flag that keeps a mapping within reach of a 32-bit program. The program's own
 * system calls know what it can reach; a kernel thread does not.
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
	struct mm_call call;

	if (current->mm == mm)
		return vm_mmap(file, start, size, prot, flags, offset);
	call = (struct mm_call) {
		.mm = mm,
		.file = file,
		.start = start,
		.size = size,
		.prot = prot,
		.flags = flags | low_address_flag(mm),
		.offset = offset,
	};
	return mm_call(&call);
}

/*
 * iokmem_mm_munmap - vm_munmap() in @mm
 */
int iokmem_mm_munmap(struct mm_struct *mm, unsigned long start, size_t size)
{
	struct mm_call call;

	if (current->mm == mm)
		return vm_munmap(start, size);
	call = (struct mm_call) { .mm = mm, .start = start, .size = size };
	return mm_call(&call);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * For the benchmark: what drivers' maps cost, in the kernel and in other tasks. The
 * file iokmem_bench in debugfs does it once with each ioctl; see iokmem_bench.h.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
#include <linux/iokmem.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "../mark.h"
#include "iokmem_bench.h"

static struct dentry *bench_file;
/* What reading the clock twice costs itself. */
static u64 clock_cost;
/* How often something was counted. */
static int nr_windows;

/* The cost of a statement, as that of a step. */
#define COUNT(run, step, statement)					\
	do {								\
		u64 _begin = ktime_get_raw_ns();			\
									\
		MARK(MARK_BEGIN);					\
		statement;						\
		MARK(MARK_END);						\
		(run)->cost[step] = ktime_get_raw_ns() - _begin - clock_cost; \
		(run)->window[step] = nr_windows++;			\
	} while (0)

static int count_maps(struct iokmem_bench *run, struct iokmem_desc *desc,
		      struct task_struct *task)
{
	struct iokmem_map *map, *other;

	COUNT(run, IOKMEM_BENCH_MAP,
	      map = iokmem_desc_create_mapping_in_task(desc, task, 0,
						       IOKMEM_MAP_ANYWHERE, 0, 0));
	if (IS_ERR(map))
		return PTR_ERR(map);
	COUNT(run, IOKMEM_BENCH_AGAIN, {
		other = iokmem_desc_create_mapping_in_task(desc, task, 0,
							   IOKMEM_MAP_ANYWHERE, 0, 0);
		if (!IS_ERR(other))
			iokmem_map_put(other);
	});
	COUNT(run, IOKMEM_BENCH_UNMAP, iokmem_map_put(map));
	/* It would have cost something else. */
	return other == map ? 0 : -EUCLEAN;
}

static int run_iokmem(struct iokmem_bench *run, u32 options, struct task_struct *task)
{
	struct iokmem_desc *desc;
	int err;

	options |= IOKMEM_DIRECTION_INOUT;
	COUNT(run, IOKMEM_BENCH_CREATE,
	      desc = iokmem_buffer_in_task_with_options(NULL, options, run->size, 0));
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	err = count_maps(run, desc, task);
	COUNT(run, IOKMEM_BENCH_DESTROY, iokmem_desc_put(desc));
	return err;
}

static int run_task(struct iokmem_bench *run)
{
	struct pid *pid = find_get_pid(run->id);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_TGID);
	int err;

	put_pid(pid);
	if (!task)
		return -ESRCH;
	err = run_iokmem(run, 0, task);
	put_task_struct(task);
	/* The VMA's file goes later, in a worker, and the memory with it. */
	run->cost[IOKMEM_BENCH_CREATE] = 0;
	run->cost[IOKMEM_BENCH_DESTROY] = 0;
	return err;
}

static int run_dmabuf(struct iokmem_bench *run)
{
	struct dma_buf *buffer = dma_buf_get(run->id);
	struct iosys_map map, other;
	int err, again;

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	COUNT(run, IOKMEM_BENCH_MAP, err = dma_buf_vmap_unlocked(buffer, &map));
	if (!err) {
		COUNT(run, IOKMEM_BENCH_AGAIN, {
			again = dma_buf_vmap_unlocked(buffer, &other);
			if (!again)
				dma_buf_vunmap_unlocked(buffer, &other);
		});
		COUNT(run, IOKMEM_BENCH_UNMAP, dma_buf_vunmap_unlocked(buffer, &map));
		err = again;
	}
	dma_buf_put(buffer);
	return err;
}

static int run_vmalloc(struct iokmem_bench *run)
{
	void *memory;

	COUNT(run, IOKMEM_BENCH_CREATE, memory = vzalloc(run->size));
	if (!memory)
		return -ENOMEM;
	COUNT(run, IOKMEM_BENCH_DESTROY, vfree(memory));
	return 0;
}

static int run_kind(struct iokmem_bench *run)
{
	switch (run->kind) {
	case IOKMEM_BENCH_IOKMEM:
		return run_iokmem(run, 0, IOKMEM_KERNEL_TASK);
	case IOKMEM_BENCH_CONTIGUOUS:
		return run_iokmem(run, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_KERNEL_TASK);
	case IOKMEM_BENCH_TASK:
		return run_task(run);
	case IOKMEM_BENCH_DMABUF:
		return run_dmabuf(run);
	case IOKMEM_BENCH_VMALLOC:
		return run_vmalloc(run);
	default:
		return -EINVAL;
	}
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uptr = (void __user *)arg;
	struct iokmem_bench run;
	int err;

	if (cmd != IOKMEM_BENCH_RUN)
		return -ENOTTY;
	if (copy_from_user(&run, uptr, sizeof(run)))
		return -EFAULT;
	memset(run.cost, 0, sizeof(run.cost));
	err = run_kind(&run);
	if (err)
		return err;
	return copy_to_user(uptr, &run, sizeof(run)) ? -EFAULT : 0;
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= bench_ioctl,
};

static int __init bench_init(void)
{
	struct iokmem_bench nothing;

	/* The first time is not like all others. */
	COUNT(&nothing, 0, (void)0);
	COUNT(&nothing, 0, (void)0);
	clock_cost = nothing.cost[0];
	bench_file = debugfs_create_file("iokmem_bench", 0400, NULL, NULL, &bench_fops);
	return PTR_ERR_OR_ZERO(bench_file);
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_file);
}

module_init(bench_init);
module_exit(bench_exit);
IOKMEM_IMPORT_NS();
MODULE_IMPORT_NS(DMA_BUF);
MODULE_DESCRIPTION("Drivers' maps, for the benchmark of iokmem");
MODULE_LICENSE("GPL");

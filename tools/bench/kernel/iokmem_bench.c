// SPDX-License-Identifier: GPL-2.0
/*
 * Costs of memory for drivers: maps in the kernel and in other tasks, and showing the memory
 * to a device. The debugfs file iokmem_bench measures once for each ioctl. See iokmem_bench.h.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
#include <linux/iokmem.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "../mark.h"
#include "iokmem_bench.h"

static struct dentry *bench_file;
/* The device that memory is shown to accepts any memory. */
static struct platform_device *bench_device;
/* Pages that keep other memory from becoming large blocks. */
static LIST_HEAD(wedges);
static unsigned int wedge_order;
/* Cost of reading the clock twice. */
static u64 clock_cost;
/* Number of counts. */
static int nr_windows;
/* Held for a known time. */
static DEFINE_MUTEX(iokmem_bench_mutex);

/* Store the cost of a statement as that of a step. */
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
	/* Another map than the first one would have cost something else. */
	return other == map ? 0 : -EUCLEAN;
}

/*
 * Before counting an import, let the kernel finish what the last unmap has deferred: a worker
 * frees the addresses of large windows together.
 */
static void settle(void)
{
	vm_unmap_aliases();
	msleep(20);
}

/* Generate all segments for the device. */
static int gen_segments(struct iokmem_dma *dma, size_t size)
{
	/* Static, as in a driver: on the stack the kernel would zero it first. */
	static struct iokmem_dma_segment segments[32];
	size_t offset = 0;
	int err = 0;

	while (!err && offset < size) {
		unsigned int nr = ARRAY_SIZE(segments);

		err = iokmem_dma_gen_segments(dma, &offset, segments, &nr);
	}
	return err;
}

static int prepare_once(struct iokmem_dma *dma, size_t size)
{
	int err;

	err = iokmem_dma_prepare(dma, 0, 0);
	if (err)
		return err;
	err = gen_segments(dma, size);
	return iokmem_dma_complete(dma) ?: err;
}

static int import_once(struct iokmem_desc *desc, size_t size)
{
	static const struct iokmem_dma_specification any;
	struct iokmem_dma *dma;
	int err;

	dma = iokmem_dma_with_specification(&bench_device->dev, &any);
	if (IS_ERR(dma))
		return PTR_ERR(dma);
	err = iokmem_dma_set_memory_descriptor(dma, desc, false);
	if (!err)
		err = prepare_once(dma, size);
	iokmem_dma_put(dma);
	return err;
}

/* Create a command for one transfer, or keep one for many. */
static int count_imports(struct iokmem_bench *run, struct iokmem_desc *desc)
{
	static const struct iokmem_dma_specification any;
	struct iokmem_dma *dma;
	int err;

	settle();
	COUNT(run, IOKMEM_BENCH_IMPORT, err = import_once(desc, run->size));
	if (err)
		return err;
	dma = iokmem_dma_with_specification(&bench_device->dev, &any);
	if (IS_ERR(dma))
		return PTR_ERR(dma);
	err = iokmem_dma_set_memory_descriptor(dma, desc, false);
	if (!err)
		COUNT(run, IOKMEM_BENCH_IMPORT_AGAIN, err = prepare_once(dma, run->size));
	iokmem_dma_put(dma);
	return err;
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
	err = count_maps(run, desc, task) ?: count_imports(run, desc);
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
	/*
	 * A worker closes the VMA's file later, and frees the memory. Everything but the map
	 * is as for the other kinds.
	 */
	run->cost[IOKMEM_BENCH_CREATE] = 0;
	run->cost[IOKMEM_BENCH_DESTROY] = 0;
	run->cost[IOKMEM_BENCH_IMPORT] = 0;
	run->cost[IOKMEM_BENCH_IMPORT_AGAIN] = 0;
	return err;
}

static int count_vmaps(struct iokmem_bench *run, struct dma_buf *buffer)
{
	struct iosys_map map, other;
	int err, again;

	COUNT(run, IOKMEM_BENCH_MAP, err = dma_buf_vmap_unlocked(buffer, &map));
	if (err)
		return err;
	COUNT(run, IOKMEM_BENCH_AGAIN, {
		again = dma_buf_vmap_unlocked(buffer, &other);
		if (!again)
			dma_buf_vunmap_unlocked(buffer, &other);
	});
	COUNT(run, IOKMEM_BENCH_UNMAP, dma_buf_vunmap_unlocked(buffer, &map));
	return again;
}

static int attachment_map_once(struct dma_buf_attachment *attachment)
{
	struct scatterlist *entry;
	struct sg_table *table;
	size_t length = 0;
	int i;

	table = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	for_each_sgtable_dma_sg(table, entry, i)
		length += sg_dma_len(entry);
	dma_buf_unmap_attachment_unlocked(attachment, table, DMA_BIDIRECTIONAL);
	return length == attachment->dmabuf->size ? 0 : -EUCLEAN;
}

static int attach_once(struct dma_buf *buffer)
{
	struct dma_buf_attachment *attachment;
	int err;

	attachment = dma_buf_attach(buffer, &bench_device->dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	err = attachment_map_once(attachment);
	dma_buf_detach(buffer, attachment);
	return err;
}

static int count_attachments(struct iokmem_bench *run, struct dma_buf *buffer)
{
	struct dma_buf_attachment *attachment;
	int err;

	settle();
	COUNT(run, IOKMEM_BENCH_IMPORT, err = attach_once(buffer));
	if (err)
		return err;
	attachment = dma_buf_attach(buffer, &bench_device->dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	COUNT(run, IOKMEM_BENCH_IMPORT_AGAIN, err = attachment_map_once(attachment));
	dma_buf_detach(buffer, attachment);
	return err;
}

static int run_dmabuf(struct iokmem_bench *run)
{
	struct dma_buf *buffer = dma_buf_get(run->id);
	int err;

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	err = count_vmaps(run, buffer) ?: count_attachments(run, buffer);
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
	case IOKMEM_BENCH_WRITE_COMBINE:
		return run_iokmem(run, IOKMEM_MAP_WRITE_COMBINE_CACHE,
				  IOKMEM_KERNEL_TASK);
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

static void free_block(struct page *page)
{
	unsigned int i;

	for (i = 0; i < 1 << wedge_order; i++)
		__free_page(page + i);
}

static void remove_wedges(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &wedges, lru)
		free_block(page);
	INIT_LIST_HEAD(&wedges);
}

/* Keep one of each two blocks that would make a larger one. */
static void break_block(struct page *page, unsigned int order)
{
	unsigned long size = 1UL << wedge_order, at;

	split_page(page, order);
	for (at = 0; at < 1UL << order; at += 2 * size) {
		list_add(&page[at].lru, &wedges);
		free_block(page + at + size);
	}
}

/* Allocate down to the last page, including emergency reserves. */
static struct page *take_block(unsigned int order)
{
	return alloc_pages(__GFP_MEMALLOC | __GFP_NORETRY | __GFP_NOWARN, order);
}

static int break_memory(size_t largest)
{
	unsigned int order;
	struct page *page;

	if (!is_power_of_2(largest) || largest < PAGE_SIZE)
		return -EINVAL;
	remove_wedges();
	wedge_order = get_order(largest);
	for (order = MAX_PAGE_ORDER; order > wedge_order; order--)
		while ((page = take_block(order)))
			break_block(page, order);
	return 0;
}

static int ioctl_break(void __user *uptr)
{
	u64 largest;

	if (copy_from_user(&largest, uptr, sizeof(largest)))
		return -EFAULT;
	return break_memory(largest);
}

static int ioctl_run(void __user *uptr)
{
	struct iokmem_bench run;
	int err;

	if (copy_from_user(&run, uptr, sizeof(run)))
		return -EFAULT;
	memset(run.cost, 0, sizeof(run.cost));
	err = run_kind(&run);
	if (err)
		return err;
	return copy_to_user(uptr, &run, sizeof(run)) ? -EFAULT : 0;
}

/* Each round of the loop is two instructions. */
static int ioctl_hold(void __user *uptr)
{
	unsigned long rounds;
	u64 nr;

	if (copy_from_user(&nr, uptr, sizeof(nr)))
		return -EFAULT;
	if (nr < 2)
		return -EINVAL;
	rounds = nr / 2;
	mutex_lock(&iokmem_bench_mutex);
	asm volatile("1: dec %0; jnz 1b" : "+r"(rounds) : : "cc");
	mutex_unlock(&iokmem_bench_mutex);
	return 0;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uptr = (void __user *)arg;

	switch (cmd) {
	case IOKMEM_BENCH_RUN:
		return ioctl_run(uptr);
	case IOKMEM_BENCH_BREAK:
		return ioctl_break(uptr);
	case IOKMEM_BENCH_HOLD:
		return ioctl_hold(uptr);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= bench_ioctl,
};

static int bench_probe(struct platform_device *pdev)
{
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	return dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
}

static struct platform_driver bench_driver = {
	.driver.name	= "iokmem_bench",
};

static int __init bench_init(void)
{
	struct iokmem_bench nothing;

	/* The first count is not like later ones, so the second one overwrites it. */
	COUNT(&nothing, 0, (void)0);
	COUNT(&nothing, 0, (void)0);
	clock_cost = nothing.cost[0];

	bench_device = platform_create_bundle(&bench_driver, bench_probe, NULL, 0, NULL, 0);
	if (IS_ERR(bench_device))
		return PTR_ERR(bench_device);
	bench_file = debugfs_create_file("iokmem_bench", 0400, NULL, NULL, &bench_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_file);
	platform_device_unregister(bench_device);
	platform_driver_unregister(&bench_driver);
	remove_wedges();
}

module_init(bench_init);
module_exit(bench_exit);
IOKMEM_IMPORT_NS();
/* MODULE_IMPORT_NS(), whose argument became a string in 6.13. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("What memory costs drivers, for the benchmark of iokmem");
MODULE_LICENSE("GPL");

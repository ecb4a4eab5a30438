// SPDX-License-Identifier: GPL-2.0
/*
 * A debugfs file that maps a buffer into the process that reads the file. Like some
 * drivers, it makes the map in a worker.
 *
 *	iokmem_probe/outside	struct iokmem_probe_outside; the offset is the options.
 *				The map lasts as long as the file is open.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "iokmem_probe.h"
#include "outside.h"

/**
 * struct outside - the state of an open file
 * @work: makes the map
 * @task: the task to map into
 * @options: as asked for
 * @map: the map, or an error pointer; NULL until @work has run
 */
struct outside {
	struct work_struct work;
	struct task_struct *task;
	u32 options;
	struct iokmem_map *map;
};

static void map_work(struct work_struct *work)
{
	struct outside *outside = container_of(work, struct outside, work);
	struct iokmem_desc *desc;

	desc = iokmem_buffer_with_bytes(IOKMEM_PROBE_TEXT, IOKMEM_PROBE_LENGTH,
					IOKMEM_DIRECTION_INOUT, false);
	if (IS_ERR(desc)) {
		outside->map = ERR_CAST(desc);
		return;
	}
	outside->map = iokmem_desc_create_mapping_in_task(desc, outside->task, 0,
							  outside->options, 0, 0);
	iokmem_desc_put(desc);
}

static ssize_t outside_read(struct file *file, char __user *uptr, size_t size, loff_t *pos)
{
	struct outside *outside = file->private_data;
	struct iokmem_probe_outside answer = {};

	if (size != sizeof(answer) || outside->map)
		return -EINVAL;
	outside->task = current;
	outside->options = *pos;
	INIT_WORK(&outside->work, map_work);
	queue_work(system_long_wq, &outside->work);
	flush_work(&outside->work);
	if (IS_ERR(outside->map))
		return PTR_ERR(outside->map);
	answer.address = iokmem_map_get_address(outside->map);
	answer.length = iokmem_map_get_length(outside->map);
	return copy_to_user(uptr, &answer, sizeof(answer)) ? -EFAULT : sizeof(answer);
}

static int outside_open(struct inode *inode, struct file *file)
{
	struct outside *outside = kzalloc(sizeof(*outside), GFP_KERNEL);

	file->private_data = outside;
	return outside ? 0 : -ENOMEM;
}

static int outside_release(struct inode *inode, struct file *file)
{
	struct outside *outside = file->private_data;

	if (!IS_ERR_OR_NULL(outside->map))
		iokmem_map_put(outside->map);
	kfree(outside);
	return 0;
}

static const struct file_operations outside_fops = {
	.owner		= THIS_MODULE,
	.open		= outside_open,
	.read		= outside_read,
	.release	= outside_release,
	.llseek		= default_llseek,
};

void outside_init(struct dentry *dir)
{
	debugfs_create_file("outside", 0400, dir, NULL, &outside_fops);
}

IOKMEM_IMPORT_NS();

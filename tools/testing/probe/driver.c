// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that maps programs' buffers into their tasks, as drivers do: in its ioctls, in
 * a worker, and in mmap() of its device. iokmem_probe.h describes its ioctls.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "device.h"
#include "driver.h"
#include "impostor.h"
#include "iokmem_probe.h"
#include "opaque.h"
#include "poison.h"

/**
 * struct driver_file - the state of an open file
 * @lock: serialises the ioctls
 * @task: the task to map into
 * @map: the map in that task, or NULL
 * @desc: the descriptor that mmap() uses, or NULL
 * @how: what mmap() does, see struct iokmem_probe_show
 * @end_work: puts a map
 * @ending: the map that @end_work puts
 * @unmap: @end_work unmaps the map first
 * @hold_work: holds the mmap lock of @mm
 * @mm: an address space
 * @milliseconds: how long @hold_work holds the lock
 * @held: completed when @hold_work has the lock
 */
struct driver_file {
	struct mutex lock;	/* protects the other members */
	struct task_struct *task;
	struct iokmem_map *map;
	struct iokmem_desc *desc;
	u32 how;
	struct work_struct end_work;
	struct iokmem_map *ending;
	bool unmap;
	struct work_struct hold_work;
	struct mm_struct *mm;
	unsigned int milliseconds;
	struct completion held;
};

static struct iokmem_desc *desc_of(int fd)
{
	struct iokmem_desc *desc;
	struct file *file;

	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	desc = iokmem_desc_with_file(file, NULL);
	fput(file);
	return desc;
}

/**
 * struct map_call - a call of iokmem_desc_create_mapping_in_task() by a worker
 * @work: makes the call
 * @task: the task
 * @desc: the descriptor
 * @arg: the other arguments
 * @map: the result
 */
struct map_call {
	struct work_struct work;
	struct task_struct *task;
	struct iokmem_desc *desc;
	const struct iokmem_probe_map *arg;
	struct iokmem_map *map;
};

static void map_work(struct work_struct *work)
{
	struct map_call *call = container_of(work, struct map_call, work);
	const struct iokmem_probe_map *arg = call->arg;

	call->map = iokmem_desc_create_mapping_in_task(call->desc, call->task, arg->address,
						       arg->options, arg->offset,
						       arg->length);
}

static int driver_map(struct driver_file *driver, struct iokmem_probe_map *arg)
{
	struct map_call call = { .task = driver->task, .arg = arg };

	if (driver->map)
		return -EBUSY;
	call.desc = desc_of(arg->fd);
	if (IS_ERR(call.desc))
		return PTR_ERR(call.desc);
	INIT_WORK_ONSTACK(&call.work, map_work);
	if (arg->flags & IOKMEM_PROBE_IN_WORKER) {
		queue_work(system_long_wq, &call.work);
		flush_work(&call.work);
	} else {
		map_work(&call.work);
	}
	destroy_work_on_stack(&call.work);
	iokmem_desc_put(call.desc);
	if (IS_ERR(call.map))
		return PTR_ERR(call.map);
	driver->map = call.map;
	arg->address = iokmem_map_get_address(call.map);
	return 0;
}

static int ioctl_map(struct driver_file *driver, void __user *uptr)
{
	struct iokmem_probe_map arg;
	int err;

	if (copy_from_user(&arg, uptr, sizeof(arg)))
		return -EFAULT;
	err = driver_map(driver, &arg);
	if (!err && copy_to_user(uptr, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

static void end_work(struct work_struct *work)
{
	struct driver_file *driver = container_of(work, struct driver_file, end_work);

	if (driver->unmap)
		iokmem_map_unmap(driver->ending);
	iokmem_map_put(driver->ending);
}

static int ioctl_end(struct driver_file *driver, bool unmap, unsigned long flags)
{
	if (!driver->map)
		return -ENOENT;
	flush_work(&driver->end_work);
	driver->ending = driver->map;
	driver->map = NULL;
	driver->unmap = unmap;
	if (flags & IOKMEM_PROBE_IN_WORKER)
		queue_work(system_long_wq, &driver->end_work);
	else
		end_work(&driver->end_work);
	return 0;
}

static int ioctl_keep_task(struct driver_file *driver)
{
	put_task_struct(driver->task);
	driver->task = get_task_struct(current);
	return 0;
}

static void hold_work(struct work_struct *work)
{
	struct driver_file *driver = container_of(work, struct driver_file, hold_work);

	mmap_read_lock(driver->mm);
	complete(&driver->held);
	msleep(driver->milliseconds);
	mmap_read_unlock(driver->mm);
	mmput(driver->mm);
}

static int ioctl_hold_lock(struct driver_file *driver, unsigned long milliseconds)
{
	flush_work(&driver->hold_work);
	reinit_completion(&driver->held);
	driver->mm = current->mm;
	mmget(driver->mm);
	driver->milliseconds = milliseconds;
	queue_work(system_long_wq, &driver->hold_work);
	wait_for_completion(&driver->held);
	return 0;
}

static int ioctl_show(struct driver_file *driver, void __user *uptr)
{
	struct iokmem_probe_show arg;
	struct iokmem_desc *desc;

	if (copy_from_user(&arg, uptr, sizeof(arg)))
		return -EFAULT;
	desc = desc_of(arg.fd);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	if (driver->desc)
		iokmem_desc_put(driver->desc);
	driver->desc = desc;
	driver->how = arg.how;
	return 0;
}

static int ioctl_prepare(void __user *uptr)
{
	struct iokmem_probe_prepare arg;
	struct iokmem_desc *desc;
	int err;

	if (copy_from_user(&arg, uptr, sizeof(arg)))
		return -EFAULT;
	desc = iokmem_desc_with_address_range(arg.address, arg.length, arg.direction, current);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	err = iokmem_desc_prepare(desc, arg.direction);
	if (!err)
		err = iokmem_desc_complete(desc, arg.direction);
	iokmem_desc_put(desc);
	return err;
}

static long ioctl_ranges(void __user *uptr)
{
	struct iokmem_address_range ranges[IOKMEM_PROBE_RANGES_MAX];
	struct iokmem_probe_ranges arg;
	unsigned int i;

	if (copy_from_user(&arg, uptr, sizeof(arg)))
		return -EFAULT;
	if (arg.nr > IOKMEM_PROBE_RANGES_MAX)
		return -E2BIG;
	for (i = 0; i < arg.nr; i++)
		ranges[i] = (struct iokmem_address_range){
			.address = arg.address[i], .length = arg.length[i],
		};
	return probe_fd_of(iokmem_desc_with_address_ranges(ranges, arg.nr, arg.options,
							   current), arg.flags);
}

/**
 * struct buffer_call - a call of iokmem_buffer_charged_to() by a worker
 * @work: makes the call
 * @payer: the task that is charged
 * @arg: the other arguments
 * @desc: the result
 */
struct buffer_call {
	struct work_struct work;
	struct task_struct *payer;
	struct iokmem_probe_buffer arg;
	struct iokmem_desc *desc;
};

static void buffer_work(struct work_struct *work)
{
	struct buffer_call *call = container_of(work, struct buffer_call, work);

	call->desc = iokmem_buffer_charged_to(call->payer, NULL, call->arg.options,
					      call->arg.capacity, 0, 0);
}

static long ioctl_buffer(struct driver_file *driver, void __user *uptr)
{
	struct buffer_call call = { .payer = driver->task };

	if (copy_from_user(&call.arg, uptr, sizeof(call.arg)))
		return -EFAULT;
	if (call.arg.flags & IOKMEM_PROBE_FOR_KERNEL)
		return probe_fd_of(iokmem_buffer_with_options(call.arg.options, call.arg.capacity,
							      0), 0);
	INIT_WORK_ONSTACK(&call.work, buffer_work);
	queue_work(system_long_wq, &call.work);
	flush_work(&call.work);
	destroy_work_on_stack(&call.work);
	return probe_fd_of(call.desc, 0);
}

static int ioctl_use(void __user *uptr)
{
	struct iokmem_probe_use arg;
	struct iokmem_desc *desc;
	int err;

	if (copy_from_user(&arg, uptr, sizeof(arg)))
		return -EFAULT;
	desc = desc_of(arg.fd);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	err = probe_use(desc, &arg);
	iokmem_desc_put(desc);
	return err;
}

static long driver_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct driver_file *driver = file->private_data;
	void __user *uptr = (void __user *)arg;
	long ret;

	if (cmd == IOKMEM_PROBE_WAIT) {
		flush_work(&driver->end_work);
		return 0;
	}
	if (cmd == IOKMEM_PROBE_DEVICE_MEMORY)
		return probe_device_memory(arg);
	if (cmd == IOKMEM_PROBE_OPAQUE)
		return probe_opaque();
	if (cmd == IOKMEM_PROBE_SILENT)
		return probe_silent();
	if (cmd == IOKMEM_PROBE_POISON)
		return probe_poison(arg);
	if (cmd == IOKMEM_PROBE_IS_POISONED)
		return probe_is_poisoned(arg);
	if (cmd == IOKMEM_PROBE_USE)
		return ioctl_use(uptr);
	if (cmd == IOKMEM_PROBE_RANGES)
		return ioctl_ranges(uptr);
	if (cmd == IOKMEM_PROBE_NODE)
		return pfn_valid(arg) ? page_to_nid(pfn_to_page(arg)) : -EINVAL;
	mutex_lock(&driver->lock);
	switch (cmd) {
	case IOKMEM_PROBE_MAP:
		ret = ioctl_map(driver, uptr);
		break;
	case IOKMEM_PROBE_PUT:
	case IOKMEM_PROBE_UNMAP:
		ret = ioctl_end(driver, cmd == IOKMEM_PROBE_UNMAP, arg);
		break;
	case IOKMEM_PROBE_KEEP_TASK:
		ret = ioctl_keep_task(driver);
		break;
	case IOKMEM_PROBE_HOLD_LOCK:
		ret = ioctl_hold_lock(driver, arg);
		break;
	case IOKMEM_PROBE_SHOW:
		ret = ioctl_show(driver, uptr);
		break;
	case IOKMEM_PROBE_PREPARE:
		ret = ioctl_prepare(uptr);
		break;
	case IOKMEM_PROBE_BUFFER:
		ret = ioctl_buffer(driver, uptr);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&driver->lock);
	return ret;
}

/* Forward mmap() to a descriptor's file, as dma_buf_mmap() does with an exporter's. */
static int forward_read_only(struct driver_file *driver, struct vm_area_struct *vma)
{
	struct file *file;
	int err;

	file = iokmem_desc_get_file(driver->desc, IOKMEM_FD_READ_ONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	vma_set_file(vma, file);
	err = file->f_op->mmap(file, vma);
	fput(file);
	return err;
}

/* Make a map with the mmap lock held, which no driver may do. */
static int map_in_mmap(struct driver_file *driver)
{
	struct iokmem_map *map;

	map = iokmem_desc_create_mapping_in_task(driver->desc, current, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0);
	if (IS_ERR(map))
		return PTR_ERR(map);
	iokmem_map_put_async(map);
	return -ENXIO;
}

static int driver_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct driver_file *driver = file->private_data;

	/* No lock is needed: tests call IOKMEM_PROBE_SHOW before mmap(), never meanwhile. */
	if (!driver->desc)
		return -ENODEV;
	switch (driver->how) {
	case IOKMEM_PROBE_FORWARD_READ_ONLY:
		return forward_read_only(driver, vma);
	case IOKMEM_PROBE_MAP_IN_MMAP:
		return map_in_mmap(driver);
	case IOKMEM_PROBE_MMAP:
		return iokmem_desc_mmap(driver->desc, vma, 0);
	case IOKMEM_PROBE_MMAP_READ_ONLY:
		return iokmem_desc_mmap(driver->desc, vma, IOKMEM_MAP_READ_ONLY);
	case IOKMEM_PROBE_MMAP_PINNABLE:
		return iokmem_desc_mmap(driver->desc, vma, IOKMEM_MAP_PINNABLE);
	default:
		return -EINVAL;
	}
}

static int driver_open(struct inode *inode, struct file *file)
{
	struct driver_file *driver = kzalloc(sizeof(*driver), GFP_KERNEL);

	if (!driver)
		return -ENOMEM;
	mutex_init(&driver->lock);
	init_completion(&driver->held);
	INIT_WORK(&driver->end_work, end_work);
	INIT_WORK(&driver->hold_work, hold_work);
	driver->task = get_task_struct(current);
	file->private_data = driver;
	return 0;
}

static int driver_release(struct inode *inode, struct file *file)
{
	struct driver_file *driver = file->private_data;

	flush_work(&driver->end_work);
	flush_work(&driver->hold_work);
	if (driver->map)
		iokmem_map_put(driver->map);
	if (driver->desc)
		iokmem_desc_put(driver->desc);
	put_task_struct(driver->task);
	kfree(driver);
	return 0;
}

static const struct file_operations driver_fops = {
	.owner		= THIS_MODULE,
	.open		= driver_open,
	.unlocked_ioctl	= driver_ioctl,
	.mmap		= driver_mmap,
	.release	= driver_release,
};

static struct miscdevice driver_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= IOKMEM_PROBE_DEVICE,
	.fops	= &driver_fops,
	.mode	= 0600,
};

int probe_driver_init(void)
{
	return misc_register(&driver_device);
}

void probe_driver_exit(void)
{
	misc_deregister(&driver_device);
}

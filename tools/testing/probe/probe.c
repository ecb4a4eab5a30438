// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries for the tests of /dev/iokmem, since kernels do not show them. There are
 * two debugfs files; the offset to read at is the address or the frame. outside.c has a
 * third file, and driver.c a driver with a device.
 *
 *	iokmem_probe/user	struct iokmem_probe of an address of the reader
 *	iokmem_probe/frame	struct iokmem_probe of a page frame, in the kernel's map of
 *				all memory
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "../../../kunit/entry.h"
#include "driver.h"
#include "impostor.h"
#include "iokmem_probe.h"
#include "outside.h"
#include "queue.h"

static struct dentry *probe_dir;

static ssize_t answer(char __user *uptr, size_t size, const struct entry *entry)
{
	struct iokmem_probe probe = {
		.present = entry->present,
		.write = entry->write,
		.exec = entry->exec,
		.huge = entry->huge,
		.cache = entry->cache,
		.pfn = entry->pfn,
	};

	if (size != sizeof(probe))
		return -EINVAL;
	return copy_to_user(uptr, &probe, sizeof(probe)) ? -EFAULT : sizeof(probe);
}

static ssize_t user_read(struct file *file, char __user *uptr, size_t size, loff_t *pos)
{
	struct entry entry = entry_of(current->mm, *pos);

	return answer(uptr, size, &entry);
}

static const struct file_operations user_fops = {
	.owner	= THIS_MODULE,
	.read	= user_read,
	.llseek	= default_llseek,
};

static ssize_t frame_read(struct file *file, char __user *uptr, size_t size, loff_t *pos)
{
	struct entry entry;

	if (!entries_have_types() || !pfn_valid(*pos))
		return -EOPNOTSUPP;
	entry = kernel_entry_of((unsigned long)page_address(pfn_to_page(*pos)));
	return answer(uptr, size, &entry);
}

static const struct file_operations frame_fops = {
	.owner	= THIS_MODULE,
	.read	= frame_read,
	.llseek	= default_llseek,
};

static int __init probe_init(void)
{
	int err;

	probe_dir = debugfs_create_dir("iokmem_probe", NULL);
	debugfs_create_file("user", 0400, probe_dir, NULL, &user_fops);
	debugfs_create_file("frame", 0400, probe_dir, NULL, &frame_fops);
	outside_init(probe_dir);
	err = probe_driver_init();
	if (err)
		goto err_remove;
	err = probe_impostor_init();
	if (err)
		goto err_driver;
	err = probe_queue_init();
	if (err)
		goto err_impostor;
	return 0;

err_impostor:
	probe_impostor_exit();
err_driver:
	probe_driver_exit();
err_remove:
	debugfs_remove(probe_dir);
	return err;
}

static void __exit probe_exit(void)
{
	probe_queue_exit();
	probe_impostor_exit();
	probe_driver_exit();
	debugfs_remove(probe_dir);
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_DESCRIPTION("Page table entries and maps from outside, for the tests of iokmem");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are no descriptors, and on which every ioctl succeeds: as a program can make them
 * with FUSE.
 *
 * The device answers as a descriptor would, and maps nothing. The anonymous file answers nothing.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include <linux/iokmem.h>

#include "impostor.h"
#include "iokmem_probe.h"

static long impostor_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct iokmem_query_buffer query = {
		.size = sizeof(query),
		.options = IOKMEM_DIRECTION_INOUT,
		.id = 1,
		.capacity = SZ_64K,
		.length = SZ_64K,
		.alignment = 1,
		.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
		.extents = 1,
	};

	if (cmd != IOKMEM_QUERY_BUFFER)
		return 0;
	return copy_to_user((void __user *)arg, &query, sizeof(query)) ? -EFAULT : 0;
}

static const struct file_operations impostor_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= impostor_ioctl,
};

static struct miscdevice impostor_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= IOKMEM_PROBE_IMPOSTOR,
	.fops	= &impostor_fops,
	.mode	= 0666,
};

static long silent_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return 0;
}

static const struct file_operations silent_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= silent_ioctl,
};

/* Return a file descriptor of an anonymous file. */
int probe_silent(void)
{
	return anon_inode_getfd("iokmem-silent", &silent_fops, NULL, O_RDWR | O_CLOEXEC);
}

int probe_impostor_init(void)
{
	return misc_register(&impostor_device);
}

void probe_impostor_exit(void)
{
	misc_deregister(&impostor_device);
}

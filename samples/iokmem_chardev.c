// SPDX-License-Identifier: GPL-2.0
/*
 * A character device whose buffer programs map: the least that a driver does with
 * <linux/iokmem.h>. Instead of hardware it has a platform device, which can be unplugged:
 *
 *	echo iokmem-chardev > /sys/bus/platform/drivers/iokmem-chardev/unbind
 *
 * Then the buffer is taken away from all programs, whatever they do with it: a touch of a map is
 * SIGBUS, and what they still have open answers ENODEV. The driver needs no lock for that.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iokmem_client.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "iokmem_chardev.h"

#define NAME	"iokmem-chardev"

/**
 * struct chardev - the device
 * @misc: its node
 * @buffer: what programs map
 * @count: one of the platform device, and one of each open file
 */
struct chardev {
	struct miscdevice misc;
	struct iokmem_desc *buffer;
	struct kref count;
};

static void chardev_free(struct kref *count)
{
	struct chardev *chardev = container_of(count, struct chardev, count);

	iokmem_desc_put(chardev->buffer);
	kfree(chardev);
}

/* The node exists, so the platform device does: misc_deregister() waits for this. */
static int chardev_open(struct inode *inode, struct file *file)
{
	struct chardev *chardev = container_of(file->private_data, struct chardev, misc);

	kref_get(&chardev->count);
	file->private_data = chardev;
	return 0;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct chardev *chardev = file->private_data;

	kref_put(&chardev->count, chardev_free);
	return 0;
}

/* If the file was opened to read, the kernel has made the mapping read-only. */
static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct chardev *chardev = file->private_data;

	return iokmem_desc_mmap(chardev->buffer, vma, 0);
}

static int get_dma_buf_fd(struct chardev *chardev, bool read_only)
{
	struct dma_buf *dmabuf;
	int fd;

	dmabuf = iokmem_desc_get_dma_buf(chardev->buffer, read_only ? IOKMEM_FD_READ_ONLY : 0);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

static int chardev_store_bytes(void *bytes, size_t length, void *data)
{
	struct chardev *chardev = data;

	return iokmem_desc_write_bytes(chardev->buffer, 0, bytes, length);
}

/* Copy memory of the program's, which may be a map of another descriptor. */
static int chardev_store(struct chardev *chardev, const struct iokmem_address_range __user *range)
{
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_client_create_memory_descriptor(range, 1, IOKMEM_DIRECTION_OUT);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	err = iokmem_desc_with_mapping(desc, IOKMEM_MAP_READ_ONLY, 0, 0, chardev_store_bytes,
				       chardev);
	iokmem_desc_put(desc);
	return err;
}

static struct iokmem_desc *chardev_memory_for_type(struct file *file, u32 type,
						   iokmem_map_options_t *options)
{
	struct chardev *chardev = file->private_data;

	if (type > IOKMEM_CHARDEV_VIEW)
		return ERR_PTR(-EINVAL);
	if (type == IOKMEM_CHARDEV_VIEW)
		*options = IOKMEM_MAP_READ_ONLY;
	return iokmem_desc_get(chardev->buffer);
}

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	bool read_only = !(file->f_mode & FMODE_WRITE);

	switch (cmd) {
	case IOKMEM_CHARDEV_GET_DMA_BUF:
		return get_dma_buf_fd(file->private_data, read_only);
	case IOKMEM_CHARDEV_STORE:
		return read_only ? -EACCES : chardev_store(file->private_data, (void __user *)arg);
	default:
		return iokmem_client_ioctl(file, cmd, arg, chardev_memory_for_type);
	}
}

static const struct file_operations chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= chardev_open,
	.release	= chardev_release,
	.mmap		= chardev_mmap,
	.unlocked_ioctl	= chardev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static void chardev_unplug(void *data)
{
	struct chardev *chardev = data;

	misc_deregister(&chardev->misc);
	/* Files may stay open. No map and no dma-buf can be made of the buffer from now on. */
	iokmem_desc_revoke(chardev->buffer);
	kref_put(&chardev->count, chardev_free);
}

static int chardev_probe(struct platform_device *pdev)
{
	struct chardev *chardev;
	int err;

	chardev = kzalloc(sizeof(*chardev), GFP_KERNEL);
	if (!chardev)
		return -ENOMEM;
	kref_init(&chardev->count);
	chardev->misc.minor = MISC_DYNAMIC_MINOR;
	chardev->misc.name = NAME;
	chardev->misc.fops = &chardev_fops;
	chardev->misc.parent = &pdev->dev;
	chardev->buffer = iokmem_buffer_with_options(IOKMEM_DIRECTION_INOUT,
						     IOKMEM_CHARDEV_SIZE, 0);
	if (IS_ERR(chardev->buffer)) {
		err = PTR_ERR(chardev->buffer);
		kfree(chardev);
		return err;
	}
	err = misc_register(&chardev->misc);
	if (err) {
		kref_put(&chardev->count, chardev_free);
		return err;
	}
	return devm_add_action_or_reset(&pdev->dev, chardev_unplug, chardev);
}

static struct platform_driver chardev_driver = {
	.probe	= chardev_probe,
	.driver	= { .name = NAME },
};

static struct platform_device *chardev_device;

static int __init chardev_init(void)
{
	int err = platform_driver_register(&chardev_driver);

	if (err)
		return err;
	chardev_device = platform_device_register_simple(NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(chardev_device)) {
		platform_driver_unregister(&chardev_driver);
		return PTR_ERR(chardev_device);
	}
	return 0;
}

static void __exit chardev_exit(void)
{
	platform_device_unregister(chardev_device);
	platform_driver_unregister(&chardev_driver);
}

module_init(chardev_init);
module_exit(chardev_exit);
IOKMEM_IMPORT_NS();
/* As MODULE_IMPORT_NS(), whose argument became a string in Linux 6.13. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("Sample character device with a buffer that programs map");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that shares a queue with each program that opens its device: see iokmem_probe.h.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iokmem_client.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "iokmem_probe.h"
#include "queue.h"

static ssize_t queue_read(struct file *file, char __user *uptr, size_t size, loff_t *pos)
{
	u32 length = min_t(size_t, size, IOKMEM_PROBE_QUEUE_SIZE);
	char *entry = kmalloc(length, GFP_KERNEL);
	ssize_t ret;

	if (!entry)
		return -ENOMEM;
	ret = iokmem_queue_dequeue(file->private_data, entry, &length);
	if (!ret)
		ret = copy_to_user(uptr, entry, length) ? -EFAULT : length;
	kfree(entry);
	return ret;
}

static ssize_t queue_write(struct file *file, const char __user *uptr, size_t size, loff_t *pos)
{
	char *entry = memdup_user(uptr, size);
	ssize_t ret;

	if (IS_ERR(entry))
		return PTR_ERR(entry);
	ret = iokmem_queue_enqueue(file->private_data, entry, size);
	kfree(entry);
	return ret ? ret : size;
}

static struct iokmem_desc *queue_memory(struct file *file, u32 type, u32 *options)
{
	return type ? ERR_PTR(-EINVAL) : iokmem_queue_get_memory_descriptor(file->private_data);
}

static int queue_revoke(struct iokmem_queue *queue)
{
	struct iokmem_desc *desc = iokmem_queue_get_memory_descriptor(queue);
	int err = iokmem_desc_revoke(desc);

	iokmem_desc_put(desc);
	return err;
}

static long queue_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	u32 length;
	int err;

	switch (cmd) {
	case IOKMEM_PROBE_QUEUE_EVENT:
		return iokmem_queue_set_notification(file->private_data, arg);
	case IOKMEM_PROBE_QUEUE_REVOKE:
		return queue_revoke(file->private_data);
	case IOKMEM_PROBE_QUEUE_PEEK:
		err = iokmem_queue_peek(file->private_data, &length);
		return err ? err : length;
	default:
		return iokmem_client_ioctl(file, cmd, arg, queue_memory);
	}
}

static int queue_open(struct inode *inode, struct file *file)
{
	struct iokmem_queue *queue = iokmem_queue_with_capacity(IOKMEM_PROBE_QUEUE_SIZE);

	file->private_data = queue;
	return PTR_ERR_OR_ZERO(queue);
}

static int queue_release(struct inode *inode, struct file *file)
{
	iokmem_queue_free(file->private_data);
	return 0;
}

static const struct file_operations queue_fops = {
	.owner		= THIS_MODULE,
	.open		= queue_open,
	.read		= queue_read,
	.write		= queue_write,
	.unlocked_ioctl	= queue_ioctl,
	.release	= queue_release,
};

static struct miscdevice queue_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= IOKMEM_PROBE_QUEUE,
	.fops	= &queue_fops,
	.mode	= 0600,
};

int probe_queue_init(void)
{
	return misc_register(&queue_device);
}

void probe_queue_exit(void)
{
	misc_deregister(&queue_device);
}

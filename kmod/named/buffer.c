// SPDX-License-Identifier: GPL-2.0-only
/*
 * A named buffer: its memory, its node /dev/iokmem.d/NAME, and its attributes in
 * /sys/class/misc/iokmem.NAME.
 *
 * Openers get the memory by a window of all of it: the length of a window cannot be changed, and a
 * window cannot be revoked. The buffer is prepared all the time, so nobody can change its cache
 * mode. An open file has a reference to the window only. When the device goes, the memory is
 * revoked. Nothing waits for openers.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iokmem_client.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

#include "named.h"

/**
 * struct named_buffer - a named buffer
 * @misc: its node, whose names are @node_name and @device_name
 * @spec: what the administrator has asked for
 * @device_name: iokmem.NAME
 * @node_name: iokmem.d/NAME
 * @buffer: the memory, which is prepared
 * @window: all of @buffer, for openers
 * @node: in named_buffers
 */
struct named_buffer {
	struct miscdevice misc;
	struct named_spec spec;
	char device_name[NAMED_NAME_MAX + sizeof("iokmem.")];
	char node_name[NAMED_NAME_MAX + sizeof("iokmem.d/")];
	struct iokmem_desc *buffer;
	struct iokmem_desc *window;
	struct list_head node;		/* protected by named_buffers_lock */
};

/* The buffers that have nodes. No two have one name. */
static LIST_HEAD(named_buffers);
static DEFINE_MUTEX(named_buffers_lock);

/* The node exists, so @named does: misc_deregister() waits for this function. */
static int named_open(struct inode *inode, struct file *file)
{
	struct named_buffer *named = container_of(file->private_data, struct named_buffer, misc);

	file->private_data = iokmem_desc_get(named->window);
	return 0;
}

static int named_release(struct inode *inode, struct file *file)
{
	iokmem_desc_put(file->private_data);
	return 0;
}

/* If the file was opened to read, the kernel has made the mapping read-only. */
static int named_mmap(struct file *file, struct vm_area_struct *vma)
{
	return iokmem_desc_mmap(file->private_data, vma, 0);
}

static struct iokmem_desc *named_memory_for_type(struct file *file, u32 type,
						 iokmem_map_options_t *options)
{
	return type ? ERR_PTR(-EINVAL) : iokmem_desc_get(file->private_data);
}

static long named_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return iokmem_client_ioctl(file, cmd, arg, named_memory_for_type);
}

static const struct file_operations named_fops = {
	.owner		= THIS_MODULE,
	.open		= named_open,
	.release	= named_release,
	.mmap		= named_mmap,
	.unlocked_ioctl	= named_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct named_buffer *named_of(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct named_buffer, misc);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", named_of(dev)->spec.size);
}
static DEVICE_ATTR_RO(size);

/*
 * Of coherent memory only the address for devices is known. The mode of the file is not enough:
 * a container shows sysfs to processes that are root's and have no such capability.
 */
static ssize_t phys_addr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct named_buffer *named = named_of(dev);
	phys_addr_t address;
	dma_addr_t dma;
	size_t length;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (named->spec.options & NAMED_COHERENT) {
		err = iokmem_buffer_get_dma_address(named->buffer, &dma);
		return err ? err : sysfs_emit(buf, "%pad\n", &dma);
	}
	if (!(named->spec.options & IOKMEM_PHYSICALLY_CONTIGUOUS))
		return -ENXIO;
	err = iokmem_desc_get_physical_segment(named->buffer, 0, &address, &length);
	return err ? err : sysfs_emit(buf, "%pa\n", &address);
}
static DEVICE_ATTR_ADMIN_RO(phys_addr);

/* Read two numbers: OFFSET LENGTH. */
static int parse_range(const char *buf, unsigned long *offset, unsigned long *length)
{
	char text[64], *second = text, *first;
	int err;

	if (strscpy(text, buf, sizeof(text)) < 0)
		return -EINVAL;
	first = strsep(&second, " ");
	if (!second)
		return -EINVAL;
	err = kstrtoul(first, 0, offset);
	return err ? err : kstrtoul(second, 0, length);
}

static ssize_t sync_range(struct device *dev, const char *buf, size_t count, u32 operation)
{
	unsigned long offset, length;
	int err = parse_range(buf, &offset, &length);

	if (!err)
		err = iokmem_desc_perform_operation(named_of(dev)->buffer, operation, offset,
						    length);
	return err ? err : count;
}

/* The device has written to memory, so the caches drop what they have of it. */
static ssize_t sync_for_cpu_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	return sync_range(dev, buf, count, IOKMEM_INCOHERENT_IO_FLUSH);
}
static DEVICE_ATTR_WO(sync_for_cpu);

static ssize_t sync_for_device_store(struct device *dev, struct device_attribute *attr,
				     const char *buf, size_t count)
{
	return sync_range(dev, buf, count, IOKMEM_INCOHERENT_IO_STORE);
}
static DEVICE_ATTR_WO(sync_for_device);

static struct attribute *named_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_phys_addr.attr,
	&dev_attr_sync_for_cpu.attr,
	&dev_attr_sync_for_device.attr,
	NULL
};
ATTRIBUTE_GROUPS(named);

static struct iokmem_desc *create_memory(struct device *dev, const struct named_spec *spec)
{
	if (spec->options & NAMED_COHERENT)
		return iokmem_buffer_coherent(dev, IOKMEM_DIRECTION_INOUT, spec->size);
	return iokmem_buffer_in_task_with_options(NULL, IOKMEM_DIRECTION_INOUT | spec->options,
						  spec->size, 0);
}

/* Make and prepare the memory, and the window. */
static int fill(struct named_buffer *named, struct device *dev)
{
	struct iokmem_desc *buffer = create_memory(dev, &named->spec), *window;
	int err;

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	err = iokmem_desc_prepare(buffer, IOKMEM_DIRECTION_INOUT);
	if (err)
		goto put;
	window = iokmem_sub_with_sub_range(buffer, 0, named->spec.size, IOKMEM_DIRECTION_INOUT);
	err = PTR_ERR_OR_ZERO(window);
	if (err)
		goto complete;
	named->buffer = buffer;
	named->window = window;
	return 0;

complete:
	iokmem_desc_complete(buffer, IOKMEM_DIRECTION_INOUT);
put:
	iokmem_desc_put(buffer);
	return err;
}

static void end(struct named_buffer *named)
{
	iokmem_desc_revoke(named->buffer);
	iokmem_desc_complete(named->buffer, IOKMEM_DIRECTION_INOUT);
	iokmem_desc_put(named->window);
	iokmem_desc_put(named->buffer);
}

static int publish(struct named_buffer *named)
{
	struct named_buffer *other;
	int err;

	lockdep_assert_held(&named_buffers_lock);

	list_for_each_entry(other, &named_buffers, node)
		if (!strcmp(other->spec.name, named->spec.name))
			return -EEXIST;
	err = misc_register(&named->misc);
	if (!err)
		list_add(&named->node, &named_buffers);
	return err;
}

static void named_unplug(void *data)
{
	struct named_buffer *named = data;

	mutex_lock(&named_buffers_lock);
	list_del(&named->node);
	misc_deregister(&named->misc);
	mutex_unlock(&named_buffers_lock);
	end(named);
}

/**
 * named_buffer_create - make a named buffer, which goes when the driver leaves the device
 * @dev: the device, which is being bound
 * @spec: what the administrator asks for
 *
 * Context: May sleep.
 * Return: 0, or a negative error:
 *
 * * -EEXIST: there is a buffer of that name
 * * -EBUSY: no minor number is left
 * * -ENOMEM: no memory, or no contiguous memory
 * * -EOPNOTSUPP: this architecture does not provide the cache mode
 */
int named_buffer_create(struct device *dev, const struct named_spec *spec)
{
	struct named_buffer *named = devm_kzalloc(dev, sizeof(*named), GFP_KERNEL);
	int err;

	if (!named)
		return -ENOMEM;
	named->spec = *spec;
	snprintf(named->device_name, sizeof(named->device_name), "iokmem.%s", spec->name);
	snprintf(named->node_name, sizeof(named->node_name), "iokmem.d/%s", spec->name);
	named->misc.minor = MISC_DYNAMIC_MINOR;
	named->misc.name = named->device_name;
	named->misc.nodename = named->node_name;
	named->misc.mode = 0660;
	named->misc.fops = &named_fops;
	named->misc.parent = dev;
	named->misc.groups = named_groups;
	err = fill(named, dev);
	if (err)
		return err;
	mutex_lock(&named_buffers_lock);
	err = publish(named);
	mutex_unlock(&named_buffers_lock);
	if (err) {
		end(named);
		return err;
	}
	return devm_add_action_or_reset(dev, named_unplug, named);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named buffers, which the administrator makes and which exist until the administrator removes
 * them. Each is a platform device. The device tree has them, or this module makes them:
 *
 *	modprobe iokmem_named buffers=camera:8M:contiguous,log:64K
 *	echo display:4M:coherent >/sys/bus/platform/drivers/iokmem-buffer/create
 *	echo display >/sys/bus/platform/drivers/iokmem-buffer/remove
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/iokmem.h>
#include <linux/list.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "named.h"

#define DRIVER	"iokmem-buffer"

/**
 * struct named_device - a device that this module has made
 * @node: in named_devices
 * @device: the device
 * @name: of its buffer
 */
struct named_device {
	struct list_head node;		/* protected by named_devices_lock */
	struct platform_device *device;
	char name[NAMED_NAME_MAX + 1];
};

static LIST_HEAD(named_devices);
static DEFINE_MUTEX(named_devices_lock);

#define NR_BUFFERS	32

static char *buffers[NR_BUFFERS];
static unsigned int nr_buffers;
module_param_array(buffers, charp, &nr_buffers, 0400);
MODULE_PARM_DESC(buffers, "buffers to make: NAME:SIZE[:OPTION]...,... (contiguous, coherent, cached, uncached, write-combine)");

static struct platform_driver named_driver;

static int create_device(const struct named_spec *spec)
{
	const struct platform_device_info info = {
		.name = DRIVER,
		.id = PLATFORM_DEVID_AUTO,
		.data = spec,
		.size_data = sizeof(*spec),
		.dma_mask = DMA_BIT_MASK(32),
	};
	struct named_device *named = kzalloc(sizeof(*named), GFP_KERNEL);
	int err;

	lockdep_assert_held(&named_devices_lock);

	if (!named)
		return -ENOMEM;
	strscpy(named->name, spec->name, sizeof(named->name));
	named->device = platform_device_register_full(&info);
	if (IS_ERR(named->device)) {
		err = PTR_ERR(named->device);
		goto free;
	}
	/* The kernel has bound the device, but does not tell what was wrong if it could not. */
	err = named->device->dev.driver ? 0 :
	      device_driver_attach(&named_driver.driver, &named->device->dev);
	if (err)
		goto unregister;
	list_add(&named->node, &named_devices);
	return 0;

unregister:
	platform_device_unregister(named->device);
free:
	kfree(named);
	return err;
}

static void remove_device(struct named_device *named)
{
	lockdep_assert_held(&named_devices_lock);

	list_del(&named->node);
	platform_device_unregister(named->device);
	kfree(named);
}

static struct named_device *find_device(const char *name)
{
	struct named_device *named;

	lockdep_assert_held(&named_devices_lock);

	list_for_each_entry(named, &named_devices, node)
		if (sysfs_streq(named->name, name))
			return named;
	return NULL;
}

/* A buffer whose device has been unbound has a name still. */
static int create(const char *text)
{
	struct named_spec spec;
	int err = named_spec_parse(&spec, text);

	if (err)
		return err;
	mutex_lock(&named_devices_lock);
	err = find_device(spec.name) ? -EEXIST : create_device(&spec);
	mutex_unlock(&named_devices_lock);
	return err;
}

static ssize_t create_store(struct device_driver *driver, const char *buf, size_t count)
{
	int err = create(buf);

	return err ? err : count;
}
static DRIVER_ATTR_WO(create);

static ssize_t remove_store(struct device_driver *driver, const char *buf, size_t count)
{
	struct named_device *named;

	mutex_lock(&named_devices_lock);
	named = find_device(buf);
	if (named)
		remove_device(named);
	mutex_unlock(&named_devices_lock);
	return named ? count : -ENOENT;
}
static DRIVER_ATTR_WO(remove);

static struct attribute *named_driver_attrs[] = {
	&driver_attr_create.attr,
	&driver_attr_remove.attr,
	NULL
};
ATTRIBUTE_GROUPS(named_driver);

static const struct of_device_id named_of_match[] = {
	{ .compatible = "iokmem,buffer" },
	{}
};
MODULE_DEVICE_TABLE(of, named_of_match);

/* Only this module makes devices of the driver's name. */
static int named_probe(struct platform_device *device)
{
	struct named_spec spec;
	int err;

	if (!strcmp(device->name, DRIVER))
		return named_buffer_create(&device->dev, dev_get_platdata(&device->dev));
	err = named_spec_of_device(&spec, &device->dev);
	return err ? err : named_buffer_create(&device->dev, &spec);
}

static struct platform_driver named_driver = {
	.probe	= named_probe,
	.driver	= {
		.name		= DRIVER,
		.of_match_table	= named_of_match,
		.groups		= named_driver_groups,
		.probe_type	= PROBE_FORCE_SYNCHRONOUS,
	},
};

/* Refuse a load for what cannot be meant, before anything is made. */
static int check_buffers(void)
{
	struct named_spec spec;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < nr_buffers; i++) {
		err = named_spec_parse(&spec, buffers[i]);
		if (err)
			pr_err("iokmem_named: buffers: '%s': %pe\n", buffers[i], ERR_PTR(err));
	}
	return err;
}

/*
 * A program may have opened a buffer already, and the kernel does not wait for it if a module
 * fails to load. So other buffers stay if one cannot be made.
 */
static void create_buffers(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr_buffers; i++) {
		err = create(buffers[i]);
		if (err)
			pr_err("iokmem_named: '%s' was not made: %pe\n", buffers[i],
			       ERR_PTR(err));
	}
}

static int __init named_init(void)
{
	int err = check_buffers();

	if (!err)
		err = platform_driver_register(&named_driver);
	if (!err)
		create_buffers();
	return err;
}

/* Without the driver nobody makes devices. */
static void __exit named_exit(void)
{
	struct named_device *named, *next;

	platform_driver_unregister(&named_driver);
	mutex_lock(&named_devices_lock);
	list_for_each_entry_safe(named, next, &named_devices, node)
		remove_device(named);
	mutex_unlock(&named_devices_lock);
}

module_init(named_init);
module_exit(named_exit);
IOKMEM_IMPORT_NS();
MODULE_DESCRIPTION("Named buffers, which the administrator makes");
MODULE_LICENSE("GPL");

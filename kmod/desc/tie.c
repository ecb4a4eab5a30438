// SPDX-License-Identifier: GPL-2.0
/*
 * Ties: memory of a device goes with the device. When the driver leaves, the descriptor is
 * revoked, after the driver's remove() and before the device loses its IOMMU domain: as any
 * resource that a driver has not freed itself.
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "desc/desc.h"

/*
 * A resource of the device, by which the descriptor learns that the driver leaves. It keeps the
 * module: driver_left() may be yet to come when the descriptor has been freed.
 */
struct iokmem_tie_devres {
	struct iokmem_tie *tie;		/* protected by iokmem_tie_mutex */
};

/*
 * Protects the links between ties and resources: a descriptor may be freed while its device's
 * driver leaves.
 */
static DEFINE_MUTEX(iokmem_tie_mutex);

static int is_of(struct device *dev, void *res, void *data)
{
	return ((struct iokmem_tie_devres *)res)->tie == data;
}

static void driver_left(struct device *dev, void *res)
{
	struct iokmem_desc *desc = NULL;
	struct iokmem_tie *tie;

	mutex_lock(&iokmem_tie_mutex);
	tie = ((struct iokmem_tie_devres *)res)->tie;
	if (tie) {
		tie->devres = NULL;
		desc = tie->desc;
	}
	if (desc && !kref_get_unless_zero(&desc->count)) {
		/* It is being freed, so nothing maps it. iokmem_untie() waits for this. */
		iokmem_desc_give_back(desc);
		desc = NULL;
	}
	mutex_unlock(&iokmem_tie_mutex);
	if (desc) {
		iokmem_desc_revoke(desc);
		iokmem_desc_count_put(desc);
	}
	module_put(THIS_MODULE);
}

/* Return true if a resource that has just been added may come too late for driver_left(). */
static bool has_left(const struct device *dev, bool had_driver)
{
	return READ_ONCE(dev->links.status) == DL_DEV_UNBINDING ||
	       (had_driver && !READ_ONCE(dev->driver));
}

/*
 * iokmem_tie - revoke a descriptor when its device's driver leaves
 *
 * A resource of a device without a driver would keep all drivers from the device. Some devices
 * never have one, but PCI devices without a driver do nothing. @tie is in the struct of the
 * descriptor's kind, and gets a reference to @dev. The kind's ->release() must call
 * iokmem_untie(), also after an error. Return 0, -ENODEV or -ENOMEM.
 */
int iokmem_tie(struct iokmem_tie *tie, struct iokmem_desc *desc, struct device *dev)
{
	bool had_driver = READ_ONCE(dev->driver) || dev_is_pci(dev);
	struct iokmem_tie_devres *devres;

	tie->desc = desc;
	tie->dev = get_device(dev);
	devres = devres_alloc(driver_left, sizeof(*devres), GFP_KERNEL_ACCOUNT);
	if (!devres)
		return -ENOMEM;
	__module_get(THIS_MODULE);
	tie->devres = devres;
	devres->tie = tie;
	devres_add(dev, devres);
	return has_left(dev, had_driver) ? -ENODEV : 0;
}

/*
 * iokmem_untie - undo iokmem_tie(), and have the kind give the memory back
 *
 * Called when the descriptor is being freed.
 */
void iokmem_untie(struct iokmem_tie *tie)
{
	mutex_lock(&iokmem_tie_mutex);
	/* If the resource is not found, driver_left() is about to look at it. */
	if (tie->devres && devres_destroy(tie->dev, driver_left, is_of, tie))
		tie->devres->tie = NULL;
	else if (tie->devres)
		module_put(THIS_MODULE);
	iokmem_desc_give_back(tie->desc);
	mutex_unlock(&iokmem_tie_mutex);
	put_device(tie->dev);
}

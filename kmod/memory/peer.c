// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a PCI device for another PCI device.
 *
 * Many host bridges do not pass transfers on from one device to another. The kernel knows which
 * ones do, and which devices need none since a switch connects them (p2pdma). It can tell that
 * for any two devices. The DMA API does not ask. For memory of a device, dma_map_resource() gives
 * an address that may lead nowhere.
 *
 * A switch between two devices looks at addresses before an IOMMU translates them. So it needs
 * the owner's address on the bus, which is not what the DMA API gives where there is an IOMMU,
 * or where the host bridge has other addresses than the CPU. If ACS sends all transfers through
 * the host bridge, the DMA API's address is right, but only the kernel can see that.
 */
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>

#include "memory/peer.h"
#include "page/compat.h"

/* Return the PCI device that @dev is, or is a part of, or NULL. @dev keeps it. */
static struct pci_dev *pci_device_of(struct device *dev)
{
	for (; dev; dev = dev->parent)
		if (dev_is_pci(dev))
			return to_pci_dev(dev);
	return NULL;
}

/* Return the device's memory that @range is a part of, or begins or ends in; or NULL. */
static struct resource *find_bar(struct pci_dev *pdev, struct resource *range)
{
	int i;

	for (i = 0; i <= PCI_ROM_RESOURCE; i++) {
		struct resource *bar = &pdev->resource[i];

		if (resource_type(bar) == IORESOURCE_MEM &&
		    !(bar->flags & IORESOURCE_UNSET) && resource_overlaps(bar, range))
			return bar;
	}
	return NULL;
}

/* Return true if transfers between both can turn before they get to the host bridge. */
static bool have_common_bridge(struct pci_dev *a, struct pci_dev *b)
{
	for (; a; a = pci_upstream_bridge(a)) {
		struct pci_dev *bridge = b;

		for (; bridge; bridge = pci_upstream_bridge(bridge))
			if (a == bridge)
				return true;
	}
	return false;
}

/* Return true if @dev, a part of @client, certainly reaches @bar of @owner. */
static bool reaches_bar(struct device *dev, struct pci_dev *client, struct pci_dev *owner,
			struct resource *bar)
{
	struct pci_bus_region region;

	if (owner == client)
		return true;
	if (pci_p2pdma_distance(owner, dev, false) < 0)
		return false;
	if (!have_common_bridge(owner, client))
		return true;
	pcibios_resource_to_bus(owner->bus, &region, bar);
	return iokmem_dma_is_direct(dev) && region.start == bar->start;
}

/*
 * iokmem_peer_check - check that a device reaches memory, if that is another PCI device's
 *
 * Return 0; or -EXDEV if it does not, or the kernel cannot tell. Without CONFIG_PCI_P2PDMA it
 * never can. Devices that are not on PCI are not checked.
 */
int iokmem_peer_check(struct device *dev, phys_addr_t address, size_t length)
{
	struct resource range = DEFINE_RES_MEM(address, length);
	struct pci_dev *client = pci_device_of(dev), *owner = NULL;
	struct resource *bar;

	if (!client)
		return 0;
	for_each_pci_dev(owner) {
		bar = find_bar(owner, &range);
		if (bar && !reaches_bar(dev, client, owner, bar)) {
			pci_dev_put(owner);
			return -EXDEV;
		}
	}
	return 0;
}

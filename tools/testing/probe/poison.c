// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that the hardware has lost, and what drivers do with it.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <linux/iokmem.h>

#include "../../../kunit/entry.h"
#include "device.h"
#include "iokmem_probe.h"
#include "poison.h"

/*
 * Mark a frame as the kernel does after a machine check, without what else the kernel does
 * for memory of programs. Nobody takes the mark back: the frame is lost.
 */
long probe_poison(unsigned long pfn)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		return -EOPNOTSUPP;
	if (!pfn_valid(pfn))
		return -EINVAL;
	SetPageHWPoison(pfn_to_page(pfn));
	return 0;
}

/* Return 1 if a frame has the mark, or 0. */
long probe_is_poisoned(unsigned long pfn)
{
	return pfn_valid(pfn) && PageHWPoison(pfn_to_page(pfn));
}

static int copy(struct iokmem_desc *desc, const struct iokmem_probe_use *use)
{
	/* Any length may be asked for. */
	void *bytes = kvzalloc(use->length, GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	int err;

	if (!bytes)
		return -ENOMEM;
	err = use->how == IOKMEM_PROBE_READ ?
	      iokmem_desc_read_bytes(desc, use->offset, bytes, use->length) :
	      iokmem_desc_write_bytes(desc, use->offset, bytes, use->length);
	kvfree(bytes);
	return err;
}

static int prepare(struct iokmem_desc *desc)
{
	int err = iokmem_desc_prepare(desc, 0);

	return err ? err : iokmem_desc_complete(desc, 0);
}

static int map_kernel(struct iokmem_desc *desc)
{
	struct iokmem_map *map = iokmem_desc_map(desc, 0);

	if (IS_ERR(map))
		return PTR_ERR(map);
	iokmem_map_put(map);
	return 0;
}

/* Return true if something is mapped at each page of the range in the kernel, or at none. */
static bool all_present(unsigned long address, unsigned long length, bool present)
{
	unsigned long end = address + length;

	for (; address < end; address += PAGE_SIZE)
		if (kernel_entry_of(address).present != present)
			return false;
	return true;
}

static int map_guarded(struct iokmem_desc *desc)
{
	struct iokmem_map *map = iokmem_desc_map(desc, IOKMEM_MAP_GUARDED_LARGE);
	unsigned long address, length;
	bool guarded;

	if (IS_ERR(map))
		return PTR_ERR(map);
	address = iokmem_map_get_address(map);
	length = PAGE_ALIGN(iokmem_map_get_length(map));
	guarded = all_present(address - SZ_64K, SZ_64K, false) &&
		  all_present(address, length, true) &&
		  all_present(address + length, SZ_64K, false);
	iokmem_map_put(map);
	return guarded ? 0 : -ENXIO;
}

/* Prepare a DMA command of the edu device that has a driver. */
static int map_dma(struct iokmem_desc *desc)
{
	struct iokmem_dma_specification specification = {};
	struct pci_dev *pci = probe_find_device();
	struct iokmem_dma *dma;
	int err;

	if (!pci)
		return -ENXIO;
	dma = iokmem_dma_with_specification(&pci->dev, &specification);
	pci_dev_put(pci);
	if (IS_ERR(dma))
		return PTR_ERR(dma);
	err = iokmem_dma_set_memory_descriptor(dma, desc, true);
	iokmem_dma_put(dma);
	return err;
}

int probe_use(struct iokmem_desc *desc, const struct iokmem_probe_use *use)
{
	switch (use->how) {
	case IOKMEM_PROBE_READ:
	case IOKMEM_PROBE_WRITE:
		return copy(desc, use);
	case IOKMEM_PROBE_HOLD:
		return prepare(desc);
	case IOKMEM_PROBE_MAP_KERNEL:
		return map_kernel(desc);
	case IOKMEM_PROBE_MAP_DMA:
		return map_dma(desc);
	case IOKMEM_PROBE_FLUSH:
		return iokmem_desc_perform_operation(desc, IOKMEM_INCOHERENT_IO_FLUSH,
						     use->offset, use->length);
	case IOKMEM_PROBE_GUARDED:
		return map_guarded(desc);
	case IOKMEM_PROBE_BLOCK:
	case IOKMEM_PROBE_UNBLOCK:
		return iokmem_desc_redirect(desc, NULL, use->how == IOKMEM_PROBE_BLOCK);
	default:
		return -EINVAL;
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent memory of the DMA API, for one device. The device and the CPU see the same
 * content at any time. The DMA API decides where the memory is and which type it has. The
 * memory is tied to the device: it is gone when the device's driver has left.
 */
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "desc/desc.h"
#include "desc/dma_view.h"
#include "memory/memory.h"
#include "page/cache.h"
#include "page/compat.h"

/**
 * struct iokmem_coherent - a descriptor of coherent memory
 * @desc: the descriptor, which has no extents
 * @tie: to the device
 * @address: address of the memory in the kernel; NULL: the memory is gone. Maps, and views for
 *	the device, keep it from being given back and may read it without the lock
 * @dma: address of the memory for the device
 */
struct iokmem_coherent {
	struct iokmem_desc desc;
	struct iokmem_tie tie;
	void *address;		/* protected by hold_lock of @desc */
	dma_addr_t dma;
};

static struct iokmem_coherent *coherent_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_coherent, desc);
}

static unsigned long coherent_kernel_address(const struct iokmem_desc *desc,
					     pgoff_t index, unsigned long nr)
{
	unsigned long address = (unsigned long)READ_ONCE(coherent_of(desc)->address);

	return address ? address + (index << PAGE_SHIFT) : 0;
}

static int coherent_fill_vma(struct iokmem_desc *desc, struct vm_area_struct *vma)
{
	struct iokmem_coherent *coherent = coherent_of(desc);

	return dma_mmap_coherent(coherent->tie.dev, vma, coherent->address,
				 coherent->dma, desc->owned);
}

static int coherent_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length, bool write)
{
	struct iokmem_coherent *coherent = coherent_of(desc);
	int err = -ENODEV;

	mutex_lock(&desc->hold_lock);
	if (coherent->address) {
		iokmem_access_address(coherent->address + offset, bytes, length, write);
		err = 0;
	}
	mutex_unlock(&desc->hold_lock);
	return err;
}

/* The device that the memory was made for sees it already. No other device can. */
static int coherent_device_map(struct iokmem_dma_view *view)
{
	struct iokmem_coherent *coherent = coherent_of(view->window.desc);

	if (view->dev != coherent->tie.dev)
		return -EXDEV;
	return iokmem_dma_one_run(view, coherent->dma + view->window.offset);
}

static void coherent_revoke(struct iokmem_desc *desc)
{
	struct iokmem_coherent *coherent = coherent_of(desc);

	lockdep_assert_held(&desc->hold_lock);

	if (coherent->address)
		dma_free_coherent(coherent->tie.dev, desc->owned, coherent->address,
				  coherent->dma);
	WRITE_ONCE(coherent->address, NULL);
}

static void coherent_release(struct iokmem_desc *desc)
{
	iokmem_untie(&coherent_of(desc)->tie);
}

static const struct iokmem_show_ops coherent_show = {
	.fill_vma	= coherent_fill_vma,
	.kernel_address	= coherent_kernel_address,
};

static const struct iokmem_bytes_ops coherent_bytes = {
	.access		= coherent_access,
};

static const struct iokmem_device_ops coherent_device = {
	.map		= coherent_device_map,
};

static const struct iokmem_kind iokmem_coherent_kind = {
	.name		= "coherent",
	.is_buffer	= true,
	.always_there	= true,
	.fixed_address	= true,
	.resolve	= iokmem_cache_resolve_io,
	.show		= &coherent_show,
	.bytes		= &coherent_bytes,
	.device		= &coherent_device,
	.revoke		= coherent_revoke,
	.release	= coherent_release,
};

static u32 coherent_cache_mode(struct device *dev)
{
	return dev_is_dma_coherent(dev) ? IOKMEM_MAP_COPYBACK_CACHE :
					  IOKMEM_MAP_WRITE_COMBINE_CACHE;
}

/* The device's driver may be leaving: after a revoke nobody would give the memory back. */
static int coherent_allocate(struct iokmem_desc *desc)
{
	struct iokmem_coherent *coherent = coherent_of(desc);
	int err;

	mutex_lock(&desc->hold_lock);
	err = iokmem_desc_check_revoked(desc);
	if (!err) {
		coherent->address = dma_alloc_coherent(coherent->tie.dev, desc->owned,
						       &coherent->dma,
						       GFP_KERNEL | __GFP_NOWARN);
		err = coherent->address ? 0 : -ENOMEM;
	}
	mutex_unlock(&desc->hold_lock);
	return err;
}

/*
 * iokmem_coherent_create - make an unpublished descriptor of zeroed coherent memory
 *
 * @capacity is not 0, and rounding it to pages does not wrap. Returns ERR_PTR(): -ENOMEM if
 * there is no memory, or none below the device's coherent mask; -ENODEV if the device's driver
 * is leaving, or has left.
 */
struct iokmem_desc *iokmem_coherent_create(struct device *dev, size_t capacity)
{
	struct iokmem_coherent *coherent;
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_alloc(&iokmem_coherent_kind, sizeof(*coherent), capacity);
	if (IS_ERR(desc))
		return desc;
	desc->owned = PAGE_ALIGN(capacity);
	desc->cache_mode = coherent_cache_mode(dev);
	coherent = coherent_of(desc);
	err = iokmem_tie(&coherent->tie, desc, dev);
	if (!err)
		err = coherent_allocate(desc);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}

/**
 * iokmem_buffer_get_dma_address - find where the device sees a coherent buffer
 * @desc: a buffer that was made with iokmem_buffer_coherent()
 * @address: out: the bus address of the first byte
 *
 * Context: Any.
 * Return: 0; -EOPNOTSUPP if @desc is of another kind; or -ENODEV if it has been revoked.
 */
int iokmem_buffer_get_dma_address(const struct iokmem_desc *desc,
				  dma_addr_t *address)
{
	if (!iokmem_desc_is_of(desc, &iokmem_coherent_kind))
		return -EOPNOTSUPP;
	if (iokmem_desc_check_revoked(desc))
		return -ENODEV;
	*address = coherent_of(desc)->dma;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_dma_address, IOKMEM_NS);

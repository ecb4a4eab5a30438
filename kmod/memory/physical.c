// SPDX-License-Identifier: GPL-2.0
/*
 * Physical memory that the kernel does not use: registers and memory of devices, and memory
 * that was reserved at boot.
 *
 * The kernel maps all of it for as long as the descriptor exists. On x86 that mapping
 * settles the memory's type, for user mappings, too. On all architectures it gives kernel
 * maps their addresses, and bytes are copied by it.
 */
#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include "desc/desc.h"
#include "desc/dma_view.h"
#include "memory/peer.h"
#include "page/cache.h"
#include "page/compat.h"

#define IOKMEM_PHYSICAL_OPTIONS	(IOKMEM_DIRECTION_MASK | IOKMEM_MAP_CACHE_MASK)

/**
 * struct iokmem_physical - a descriptor of physical memory
 * @desc: the descriptor, which has one extent
 * @tie: to the device that the memory is of; without a device if the memory is anybody's
 * @io: the kernel's mapping of the pages; NULL if it could not be made again after an
 *	attempt to change the type, or is gone
 *
 * @io changes only when the memory is retyped. Anybody who holds or maps the memory keeps
 * it from that, and may read @io without the lock.
 */
struct iokmem_physical {
	struct iokmem_desc desc;
	struct iokmem_tie tie;
	void __iomem *io;	/* protected by hold_lock of @desc */
};

static struct iokmem_physical *physical_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_physical, desc);
}

static int map_io(struct iokmem_physical *physical, u32 cache_mode)
{
	const struct iokmem_extent *extent = physical->desc.extents.array;

	lockdep_assert_held(&physical->desc.hold_lock);

	physical->io = iokmem_cache_ioremap(PFN_PHYS(extent->pfn),
					    extent->end << PAGE_SHIFT, cache_mode);
	return physical->io ? 0 : -EBUSY;
}

/* Memory that is not mapped has no certain type, and cannot be touched. */
static struct iokmem_run physical_lookup(const struct iokmem_desc *desc, pgoff_t index)
{
	struct iokmem_run run = iokmem_extents_lookup(&desc->extents, index);

	run.cache_mode = READ_ONCE(desc->cache_mode);
	if (!physical_of(desc)->io)
		run.pfn = IOKMEM_NO_PFN;
	return run;
}

/* The kernel does not count pages that it does not use. */
static int physical_page_counts(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
				u64 *resident, u64 *dirty)
{
	return -EOPNOTSUPP;
}

static unsigned long physical_kernel_address(const struct iokmem_desc *desc,
					     pgoff_t index, unsigned long nr)
{
	void __iomem *io = physical_of(desc)->io;

	return io ? (unsigned long)io + (index << PAGE_SHIFT) : 0;
}

/* Entries that user tasks get are encrypted, which is wrong for such memory. */
static int physical_may_map(const struct iokmem_desc *desc, size_t offset, size_t length,
			    bool user)
{
	if (!physical_of(desc)->io)
		return -ENOMEM;
	return user && cc_platform_has(CC_ATTR_MEM_ENCRYPT) ? -EOPNOTSUPP : 0;
}

/*
 * The kernel allows one type at a time, so the old mapping must go first. If making the old
 * mapping again fails for want of memory, the next map in another mode tries again.
 */
static int physical_retype(struct iokmem_desc *desc, u32 cache_mode)
{
	struct iokmem_physical *physical = physical_of(desc);
	int err;

	lockdep_assert_held(&desc->hold_lock);

	if (physical->io)
		iounmap(physical->io);
	err = map_io(physical, cache_mode);
	if (err)
		map_io(physical, desc->cache_mode);
	return err;
}

static int physical_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length, bool write)
{
	struct iosys_map map;
	int err = 0;

	mutex_lock(&desc->hold_lock);
	iosys_map_set_vaddr_iomem(&map, physical_of(desc)->io);
	if (iosys_map_is_null(&map))
		err = -EFAULT;
	else
		iokmem_access_map(&map, desc->skew + offset, bytes, length, write);
	mutex_unlock(&desc->hold_lock);
	return err;
}

static phys_addr_t view_address(const struct iokmem_dma_view *view)
{
	const struct iokmem_desc *desc = view->window.desc;

	return PFN_PHYS(desc->extents.array[0].pfn) + desc->skew + view->window.offset;
}

/*
 * The DMA API would take memory that is reserved in the middle of RAM for RAM, and bounce it
 * by addresses that the kernel does not have. So it is refused.
 */
static int physical_device_map(struct iokmem_dma_view *view)
{
	phys_addr_t address = view_address(view);
	dma_addr_t dma;
	int err;

	if (pfn_valid(PHYS_PFN(address)))
		return -EOPNOTSUPP;
	err = iokmem_peer_check(view->dev, address, view->window.length);
	if (err)
		return err;
	if (!iokmem_dma_reaches(view->dev, address + view->window.length - 1))
		return -EMSGSIZE;
	dma = dma_map_resource(view->dev, address, view->window.length, view->direction, 0);
	if (dma_mapping_error(view->dev, dma))
		return -ENOBUFS;
	err = iokmem_dma_one_run(view, dma);
	if (err)
		dma_unmap_resource(view->dev, dma, view->window.length, view->direction, 0);
	return err;
}

static void physical_device_unmap(struct iokmem_dma_view *view)
{
	dma_unmap_resource(view->dev, sg_dma_address(view->table->sgl), view->window.length,
			   view->direction, 0);
}

/* A holder of the memory may use the address that the kernel has for it: keep it then. */
static void physical_revoke(struct iokmem_desc *desc)
{
	struct iokmem_physical *physical = physical_of(desc);

	lockdep_assert_held(&desc->hold_lock);

	if (!physical->io || desc->held)
		return;
	iounmap(physical->io);
	WRITE_ONCE(physical->io, NULL);
}

static void physical_release(struct iokmem_desc *desc)
{
	struct iokmem_physical *physical = physical_of(desc);

	if (physical->tie.dev)
		iokmem_untie(&physical->tie);
	if (physical->io)
		iounmap(physical->io);
	iokmem_extents_fini(&desc->extents);
}

static const struct iokmem_store_ops physical_store = {
	.retype		= physical_retype,
	.lookup		= physical_lookup,
	.page_counts	= physical_page_counts,
};

static const struct iokmem_show_ops physical_show = {
	.kernel_address	= physical_kernel_address,
	.may_map	= physical_may_map,
};

static const struct iokmem_bytes_ops physical_bytes = {
	.access		= physical_access,
};

static const struct iokmem_device_ops physical_device = {
	.map		= physical_device_map,
	.unmap		= physical_device_unmap,
};

static const struct iokmem_kind iokmem_physical_kind = {
	.name		= "physical",
	.always_there	= true,
	.resolve	= iokmem_cache_resolve_io,
	.store		= &physical_store,
	.show		= &physical_show,
	.bytes		= &physical_bytes,
	.device		= &physical_device,
	.revoke		= physical_revoke,
	.release	= physical_release,
};

/* Check that the range exists and has no RAM of the kernel's. */
static int check_physical(phys_addr_t address, size_t length)
{
	phys_addr_t end;

	if (!length)
		return -EINVAL;
	if (check_add_overflow(address, (phys_addr_t)length, &end) ||
	    end > (phys_addr_t)PAGE_MASK)
		return -EOVERFLOW;
#ifdef CONFIG_X86
	if ((end - 1) >> boot_cpu_data.x86_phys_bits)
		return -ERANGE;
#endif
	address &= PAGE_MASK;
	if (region_intersects(address, PAGE_ALIGN(end) - address,
			      IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return -EPERM;
	return 0;
}

static int set_up(struct iokmem_physical *physical, phys_addr_t address,
		  struct device *dev)
{
	struct iokmem_desc *desc = &physical->desc;
	int err;

	err = iokmem_extents_init(&desc->extents, 1, GFP_KERNEL_ACCOUNT);
	if (!err && dev)
		err = iokmem_tie(&physical->tie, desc, dev);
	if (err)
		return err;
	desc->skew = offset_in_page(address);
	desc->extents.array[0].pfn = PHYS_PFN(address);
	desc->extents.array[0].end = iokmem_desc_pages(desc);

	mutex_lock(&desc->hold_lock);
	/* The device's driver may be leaving: after a revoke nobody would unmap the memory. */
	err = iokmem_desc_check_revoked(desc);
	if (!err)
		err = map_io(physical, desc->cache_mode);
	mutex_unlock(&desc->hold_lock);
	return err;
}

static struct iokmem_desc *physical_create(phys_addr_t address, size_t length,
					   u32 options, struct device *dev)
{
	struct iokmem_physical *physical;
	struct iokmem_desc *desc;
	u32 cache_mode;
	int err;

	if (options & ~IOKMEM_PHYSICAL_OPTIONS)
		return ERR_PTR(-EOPNOTSUPP);
	err = iokmem_cache_resolve_io(iokmem_cache_field(options), &cache_mode);
	if (!err)
		err = check_physical(address, length);
	if (err)
		return ERR_PTR(err);

	desc = iokmem_desc_alloc(&iokmem_physical_kind, sizeof(*physical), length);
	if (IS_ERR(desc))
		return desc;
	desc->options = options;
	desc->direction = options & IOKMEM_DIRECTION_MASK;
	desc->cache_mode = cache_mode;
	physical = physical_of(desc);
	err = set_up(physical, address, dev);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	iokmem_desc_publish(desc);
	return desc;
}

/**
 * iokmem_desc_with_physical_address - describe memory of a device, or reserved memory
 * @address: of the first byte, as the CPU sees it
 * @length: in bytes, at least 1
 * @options: IOKMEM_DIRECTION_*, a cache mode: the default is uncached
 *
 * Follows IOMemoryDescriptor::withPhysicalAddress(). The caller must make sure that the
 * memory belongs to it, and for as long as the descriptor is used: memory of a device is
 * better described with iokmem_device_memory_with_range(). The memory is always prepared. A
 * user task can map only pages that are in the range as a whole. All mappings have one cache
 * mode, which can be changed while nothing maps the memory.
 *
 * Context: May sleep.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: another option; a cache mode that is unknown or not provided
 * * -EINVAL: @length is 0
 * * -EOVERFLOW: the range wraps around
 * * -ERANGE: this machine has no such addresses
 * * -EPERM: the kernel uses the memory
 * * -EBUSY: mapped with another cache mode elsewhere, or no memory for mapping it; the
 *   kernel does not tell which
 * * -ENOMEM: no memory
 */
struct iokmem_desc *iokmem_desc_with_physical_address(phys_addr_t address,
						      size_t length, u32 options)
{
	return physical_create(address, length, options, NULL);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_physical_address, IOKMEM_NS);

/**
 * iokmem_device_memory_with_range - describe registers or memory of a device
 * @dev: the device, bound to the caller's driver
 * @address: of the first byte, as the CPU sees it
 * @length: in bytes, at least 1
 * @options: IOKMEM_DIRECTION_*, a cache mode: the default is uncached
 *
 * Follows IODeviceMemory::withRange(). Like iokmem_desc_with_physical_address(), but the
 * descriptor is revoked when the driver leaves the device, after its remove(): see
 * iokmem_desc_revoke(). So no program keeps the registers of a device that has gone. A
 * driver that disables the device in its remove() should revoke the descriptor before.
 *
 * Context: May sleep.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EINVAL: @dev is NULL
 * * -ENODEV: the driver is leaving the device, or a PCI device has no driver
 * * those of iokmem_desc_with_physical_address()
 */
struct iokmem_desc *iokmem_device_memory_with_range(struct device *dev, phys_addr_t address,
						    size_t length, u32 options)
{
	if (!dev)
		return ERR_PTR(-EINVAL);
	return physical_create(address, length, options, dev);
}
EXPORT_SYMBOL_NS_GPL(iokmem_device_memory_with_range, IOKMEM_NS);

// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of every kind of memory; see kinds.h.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/ioport.h>
#include <linux/mman.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>

#include "exporter.h"
#include "kinds.h"

static struct iokmem_desc *make_wired(struct kunit *test)
{
	return buffer(test, NULL, KIND_LENGTH, 0);
}

static struct iokmem_desc *make_combined(struct kunit *test)
{
	return buffer_with(test, NULL, IOKMEM_MAP_WRITE_COMBINE_CACHE, KIND_LENGTH, 0);
}

static struct iokmem_desc *make_uncached(struct kunit *test)
{
	return buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_MAP_INHIBIT_CACHE,
			   KIND_LENGTH, 0);
}

static struct iokmem_desc *make_contiguous(struct kunit *test)
{
	return buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_PHYSICALLY_CONTIGUOUS,
			   KIND_LENGTH, 0);
}

static struct iokmem_desc *make_pageable(struct kunit *test)
{
	return buffer_with(test, NULL, IOKMEM_PAGEABLE, KIND_LENGTH, 0);
}

static struct iokmem_desc *make_kernel_pageable(struct kunit *test)
{
	return buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_PAGEABLE, KIND_LENGTH, 0);
}

static struct iokmem_desc *make_purgeable(struct kunit *test)
{
	return buffer_with(test, current, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
			   KIND_LENGTH, 0);
}

struct device *device_named(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	return dev;
}

struct device *device(struct kunit *test)
{
	return device_named(test, "iokmem-test");
}

struct device *bouncing_device(struct kunit *test, const char *name)
{
#ifdef CONFIG_SWIOTLB
	/* Allocated first, so that the device is unregistered before this is freed. */
	struct io_tlb_mem *mem = kunit_kmalloc(test, sizeof(*mem), GFP_KERNEL);
	struct device *dev = device_named(test, name);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	if (!dev->dma_io_tlb_mem || !dev->dma_io_tlb_mem->nslabs)
		kunit_skip(test, "no memory to bounce in");
	*mem = *dev->dma_io_tlb_mem;
	mem->force_bounce = true;
	dev->dma_io_tlb_mem = mem;
	return dev;
#else
	kunit_skip(test, "nothing bounces");
#endif
}

static void put_pci_device(void *dev)
{
	pci_dev_put(dev);
}

struct device *keep_bus_device(struct kunit *test, struct pci_dev *pci)
{
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_pci_device, pci));
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(28)));
	return &pci->dev;
}

static struct iokmem_desc *make_coherent(struct kunit *test)
{
	return keep_desc(test, iokmem_buffer_coherent(device(test),
						      IOKMEM_DIRECTION_INOUT,
						      KIND_LENGTH));
}

static struct iokmem_desc *make_slab_range(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, KIND_LENGTH + 100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	return keep_desc(test, iokmem_desc_with_address_range((unsigned long)bytes + 100,
				KIND_LENGTH, IOKMEM_DIRECTION_INOUT, IOKMEM_KERNEL_TASK));
}

static void free_vmalloc(void *bytes)
{
	vfree(bytes);
}

static struct iokmem_desc *make_vmalloc_range(struct kunit *test)
{
	size_t length = PAGE_ALIGN(KIND_LENGTH);
	void *bytes = vzalloc(length);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_vmalloc, bytes));
	return keep_desc(test, iokmem_desc_with_address_range((unsigned long)bytes, length,
				IOKMEM_DIRECTION_INOUT, IOKMEM_KERNEL_TASK));
}

unsigned long user_memory(struct kunit *test, size_t length, bool shared)
{
	unsigned long address;

	address = vm_mmap(NULL, 0, length, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), 0);
	KUNIT_ASSERT_FALSE(test, !address || IS_ERR_VALUE(address));
	return address;
}

void fill_user(struct kunit *test, unsigned long address, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		KUNIT_ASSERT_EQ(test, 0, put_user(pattern(i), (u8 __user *)address + i));
}

struct iokmem_desc *range(struct kunit *test, unsigned long address, size_t length,
			  u32 options)
{
	return keep_desc(test, iokmem_desc_with_address_range(address, length, options,
							      current));
}

int range_error(unsigned long address, size_t length, u32 options)
{
	struct iokmem_desc *desc;

	desc = iokmem_desc_with_address_range(address, length, options, current);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

bool reads_pattern(struct kunit *test, struct iokmem_desc *desc, size_t first)
{
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = kunit_kmalloc(test, length, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	err = iokmem_desc_read_bytes(desc, 0, bytes, length);
	return !err && has_pattern(bytes, length, first);
}

static struct iokmem_desc *make_user_range(struct kunit *test)
{
	unsigned long address = user_memory(test, KIND_LENGTH + PAGE_SIZE, false);

	return keep_desc(test, iokmem_desc_with_address_range(address + 100, KIND_LENGTH,
						IOKMEM_DIRECTION_INOUT, current));
}

static struct iokmem_desc *make_shared_range(struct kunit *test)
{
	size_t length = PAGE_ALIGN(KIND_LENGTH);
	unsigned long address = user_memory(test, length, true);

	return keep_desc(test, iokmem_desc_with_address_range(address, length,
						IOKMEM_DIRECTION_INOUT, current));
}

void need_reserved(struct kunit *test)
{
	if (region_intersects(RESERVED_START, RESERVED_SIZE, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		kunit_skip(test, "boot with memmap=%uM$%#lx", RESERVED_SIZE / SZ_1M,
			   RESERVED_START);
}

static struct iokmem_desc *make_physical(struct kunit *test)
{
	need_reserved(test);
	return keep_desc(test, iokmem_desc_with_physical_address(RESERVED_START,
				PAGE_ALIGN(KIND_LENGTH), IOKMEM_DIRECTION_INOUT));
}

static struct iokmem_desc *make_sub(struct kunit *test)
{
	struct iokmem_desc *whole = buffer(test, NULL, SZ_64K, 0);

	return keep_desc(test, iokmem_sub_with_sub_range(whole, 5 * PAGE_SIZE,
						PAGE_ALIGN(KIND_LENGTH),
						IOKMEM_DIRECTION_INOUT));
}

static struct iokmem_desc *make_pageable_sub(struct kunit *test)
{
	struct iokmem_desc *whole;

	whole = buffer_with(test, NULL, IOKMEM_PAGEABLE, PAGE_SIZE + KIND_LENGTH, 0);
	return keep_desc(test, iokmem_sub_with_sub_range(whole, PAGE_SIZE, KIND_LENGTH,
						IOKMEM_DIRECTION_INOUT));
}

/* Create a multi-descriptor with members of all kinds that can be members. */
static struct iokmem_desc *make_multi(struct kunit *test)
{
	struct iokmem_desc *members[] = {
		buffer(test, NULL, PAGE_SIZE, 0),
		buffer_with(test, NULL, IOKMEM_PAGEABLE, PAGE_SIZE, 0),
		make_sub(test),
		buffer(test, NULL, 123, 0),
	};

	return keep_desc(test, iokmem_multi_with_descriptors(members, ARRAY_SIZE(members),
						IOKMEM_DIRECTION_INOUT));
}

static struct iokmem_desc *make_multi_of_wired(struct kunit *test)
{
	struct iokmem_desc *members[] = {
		make_sub(test), make_sub(test), make_wired(test),
	};

	return keep_desc(test, iokmem_multi_with_descriptors(members, ARRAY_SIZE(members),
						IOKMEM_DIRECTION_INOUT));
}

static struct iokmem_desc *make_ranges(struct kunit *test)
{
	unsigned long address = user_memory(test, 8 * PAGE_SIZE, true);
	struct iokmem_address_range ranges[] = {
		{ address + 4 * PAGE_SIZE, 2 * PAGE_SIZE },
		{ address, PAGE_SIZE },
		{ address + 7 * PAGE_SIZE, PAGE_SIZE },
	};

	return keep_desc(test, iokmem_desc_with_address_ranges(ranges, ARRAY_SIZE(ranges),
						IOKMEM_DIRECTION_INOUT, current));
}

/* Describe the addresses at which a map in the current task has shown the memory. */
static struct iokmem_desc *make_mapped(struct kunit *test, struct iokmem_desc *shown)
{
	struct iokmem_map *m = map(test, shown, current, 0, 0, 0);
	size_t length = iokmem_map_get_length(m);
	struct iokmem_desc *desc;

	desc = iokmem_desc_with_address_range(address_of(m), length, IOKMEM_DIRECTION_INOUT,
					      current);
	put_map_now(test, m);
	return keep_desc(test, desc);
}

static struct iokmem_desc *make_mapped_wired(struct kunit *test)
{
	return make_mapped(test, buffer(test, NULL, PAGE_ALIGN(KIND_LENGTH), 0));
}

static struct iokmem_desc *make_mapped_pageable(struct kunit *test)
{
	return make_mapped(test, buffer_with(test, NULL, IOKMEM_PAGEABLE, KIND_LENGTH, 0));
}

static struct iokmem_desc *make_mapped_multi(struct kunit *test)
{
	return make_mapped(test, make_multi_of_wired(test));
}

/* Describe shared memory of the program's, of which a map has replaced one page. */
static struct iokmem_desc *make_partly_mapped(struct kunit *test)
{
	size_t length = PAGE_ALIGN(KIND_LENGTH);
	unsigned long address = user_memory(test, length, true);

	keep_map(test, iokmem_desc_create_mapping_in_task(buffer(test, NULL, PAGE_SIZE, 0),
							  current, address + PAGE_SIZE,
							  IOKMEM_MAP_OVERWRITE, 0, 0));
	return keep_desc(test, iokmem_desc_with_address_range(address, length,
						IOKMEM_DIRECTION_INOUT, current));
}

static struct iokmem_desc *make_dma_buf(struct kunit *test)
{
	return keep_desc(test, iokmem_desc_with_dma_buf(exporter(test, 0)->dmabuf,
							IOKMEM_DIRECTION_INOUT));
}

static struct iokmem_desc *make_mapped_dma_buf(struct kunit *test)
{
	return make_mapped(test, make_dma_buf(test));
}

static struct iokmem_desc *make_combined_dma_buf(struct kunit *test)
{
	struct exporter *combined = exporter(test, EXPORTER_COMBINED);

	return keep_desc(test, iokmem_desc_with_dma_buf(combined->dmabuf,
							IOKMEM_DIRECTION_INOUT));
}

static struct iokmem_desc *make_dma_buf_sub(struct kunit *test)
{
	return keep_desc(test, iokmem_sub_with_sub_range(make_dma_buf(test), PAGE_SIZE,
							 4 * PAGE_SIZE,
							 IOKMEM_DIRECTION_INOUT));
}

const struct kind kinds[] = {
	{ "wired", make_wired, .pinnable = true },
	{ "write-combined", make_combined },
	{ "uncached", make_uncached },
	{ "contiguous", make_contiguous, .pinnable = true },
	{ "pageable", make_pageable, .comes_and_goes = true, .held_to_write = true,
	  .combined_error = -EOPNOTSUPP },
	{ "pageable, the kernel's", make_kernel_pageable, .comes_and_goes = true,
	  .held_to_write = true, .combined_error = -EOPNOTSUPP },
	{ "purgeable, a task's", make_purgeable, .comes_and_goes = true,
	  .held_to_write = true, .combined_error = -EOPNOTSUPP },
	{ "coherent", make_coherent, .no_segments = true, .no_own_kernel_map = true,
	  .export_error = -EOPNOTSUPP, .combined_error = -EOPNOTSUPP,
	  .device_error = -EXDEV },
	{ "range of slab memory", make_slab_range, .comes_and_goes = true,
	  .needs_prepare = true, .no_user_map = true, .export_error = -EACCES,
	  .combined_error = -EOPNOTSUPP },
	{ "range of vmalloc memory", make_vmalloc_range, .comes_and_goes = true,
	  .needs_prepare = true, .combined_error = -EOPNOTSUPP },
	{ "range of a task's", make_user_range, .comes_and_goes = true,
	  .needs_prepare = true, .no_user_map = true, .export_error = -EACCES,
	  .combined_error = -EOPNOTSUPP },
	{ "range of shared memory", make_shared_range, .comes_and_goes = true,
	  .needs_prepare = true, .combined_error = -EOPNOTSUPP },
	{ "physical", make_physical, .not_counted = true, .no_counts = true,
	  .device_error = -EOPNOTSUPP },
	{ "sub", make_sub, .pinnable = true },
	{ "sub of pageable", make_pageable_sub, .comes_and_goes = true,
	  .held_to_write = true, .combined_error = -EOPNOTSUPP },
	{ "multi", make_multi, .comes_and_goes = true, .held_to_write = true,
	  .combined_error = -EOPNOTSUPP },
	{ "multi of wired", make_multi_of_wired, .combined_error = -EOPNOTSUPP },
	{ "ranges", make_ranges, .comes_and_goes = true, .needs_prepare = true,
	  .combined_error = -EOPNOTSUPP },
	{ "mapped wired", make_mapped_wired, .pinnable = true },
	{ "mapped pageable", make_mapped_pageable, .comes_and_goes = true,
	  .held_to_write = true, .combined_error = -EOPNOTSUPP },
	{ "mapped multi", make_mapped_multi, .held_to_write = true,
	  .combined_error = -EOPNOTSUPP },
	{ "mapped dma-buf", make_mapped_dma_buf, .comes_and_goes = true,
	  .needs_prepare = true, .held_to_write = true, .export_error = -EOPNOTSUPP,
	  .combined_error = -EOPNOTSUPP },
	{ "partly mapped", make_partly_mapped, .comes_and_goes = true,
	  .needs_prepare = true, .combined_error = -EOPNOTSUPP },
	{ "dma-buf", make_dma_buf, .comes_and_goes = true, .needs_prepare = true,
	  .imported = true, .held_to_write = true, .combined_error = -EOPNOTSUPP },
	{ "write-combined dma-buf", make_combined_dma_buf, .comes_and_goes = true,
	  .needs_prepare = true, .imported = true, .held_to_write = true },
	{ "sub of dma-buf", make_dma_buf_sub, .comes_and_goes = true,
	  .needs_prepare = true, .held_to_write = true, .export_error = -EOPNOTSUPP,
	  .combined_error = -EOPNOTSUPP },
};

const unsigned int nr_kinds = ARRAY_SIZE(kinds);

static void kind_desc(const struct kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_GENERATOR(kind_gen_params)
{
	const struct kind *next = prev ? (const struct kind *)prev + 1 : kinds;

	if (next == kinds + nr_kinds)
		return NULL;
	kind_desc(next, desc);
	return next;
}

struct iokmem_desc *make_kind(struct kunit *test, const struct kind *kind)
{
	attach_address_space(test);
	return kind->make(test);
}

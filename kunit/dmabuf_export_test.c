// SPDX-License-Identifier: GPL-2.0
/* Descriptors as dma-bufs: access by devices, drivers and programs, for every kind of memory. */
#include <kunit/device.h>
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "dmabuf_helpers.h"

#define PATTERN_FROM	7	/* offset of the pattern that another user writes */

static struct iokmem_desc *root_of(struct iokmem_desc *desc)
{
	return desc->parent ? desc->parent : desc;
}

static int import_for_error(struct dma_buf *dmabuf, struct device *dev,
			    enum dma_data_direction direction)
{
	struct importer importer;
	int err = import_for(&importer, dmabuf, dev, direction);

	if (!err)
		let_go(&importer);
	return err;
}

/*
 * Return true if the device has the pattern in its first @length bytes. It sees physical
 * addresses.
 */
static bool device_has_pattern(const struct importer *importer, size_t length, size_t first)
{
	struct scatterlist *sg;
	size_t at = 0, n;
	unsigned int i;

	for_each_sgtable_dma_sg(importer->table, sg, i) {
		n = min_t(size_t, sg_dma_len(sg), length - at);
		if (!has_pattern(phys_to_virt(sg_dma_address(sg)), n, first + at))
			return false;
		at += n;
	}
	return at == length;
}

static void device_writes(const struct importer *importer, size_t length, size_t first)
{
	struct scatterlist *sg;
	size_t at = 0, n, j;
	unsigned int i;

	for_each_sgtable_dma_sg(importer->table, sg, i) {
		u8 *bytes = phys_to_virt(sg_dma_address(sg));

		n = min_t(size_t, sg_dma_len(sg), length - at);
		for (j = 0; j < n; j++)
			bytes[j] = pattern(first + at + j);
		at += n;
	}
}

/* Expect the table to have the whole dma-buf, in whole pages. Returns its number of entries. */
static unsigned int check_table(struct kunit *test, const struct importer *importer,
				size_t longest)
{
	struct scatterlist *sg;
	size_t whole = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(importer->table, sg, i) {
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(sg_dma_address(sg)));
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(sg_dma_len(sg)));
		KUNIT_EXPECT_LE(test, sg_dma_len(sg), longest);
		whole += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, importer->attachment->dmabuf->size, whole);
	return importer->table->nents;
}

static void export_is_there_or_leaves_nothing_behind(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind), *root = root_of(desc);
	unsigned int held = root->held, users = refcount_read(&desc->users);
	/* Of pageable memory, a dma-buf of a part holds no more than that. */
	unsigned int holds = desc->capacity == root->capacity || !iokmem_desc_is_paged(root);
	struct dma_buf *dmabuf;

	KUNIT_EXPECT_EQ(test, kind->export_error, export_error(desc, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, export_error(desc, 2));
	settle_files(test);
	KUNIT_EXPECT_EQ(test, held, root->held);
	KUNIT_EXPECT_EQ(test, users, refcount_read(&desc->users));
	if (kind->export_error || kind->imported)
		return;

	dmabuf = export(test, desc, 0);
	KUNIT_EXPECT_EQ(test, PAGE_ALIGN(iokmem_desc_get_length(desc)), dmabuf->size);
	KUNIT_EXPECT_EQ(test, held + holds, root->held);
	KUNIT_EXPECT_EQ(test, users + 1, refcount_read(&desc->users));
	/* A second export creates another dma-buf. */
	KUNIT_EXPECT_PTR_NE(test, dmabuf, export(test, desc, RO));
	KUNIT_EXPECT_EQ(test, held + 2 * holds, root->held);
}

static void export_gives_devices_the_memory(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = exportable(test);
	size_t length = iokmem_desc_get_length(desc);
	struct device *dev = dma_device(test, "iokmem-importer");
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct importer importer, another;

	if (kind->no_counts) {
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				import_for_error(dmabuf, dev, DMA_BIDIRECTIONAL));
		return;
	}
	write_pattern(test, desc);
	KUNIT_ASSERT_EQ(test, 0, import_for(&importer, dmabuf, dev, DMA_BIDIRECTIONAL));
	check_table(test, &importer, SZ_64K);
	KUNIT_EXPECT_TRUE(test, device_has_pattern(&importer, length, 0));

	/* Import it for another device at the same time, and once more for the first one. */
	KUNIT_ASSERT_EQ(test, 0, import_for(&another, dmabuf,
					    dma_device(test, "iokmem-another"),
					    DMA_FROM_DEVICE));
	device_writes(&another, length, PATTERN_FROM);
	KUNIT_EXPECT_TRUE(test, device_has_pattern(&importer, length, PATTERN_FROM));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, PATTERN_FROM));
	KUNIT_EXPECT_EQ(test, 0, import_for_error(dmabuf, dev, DMA_TO_DEVICE));
	let_go(&another);
	KUNIT_EXPECT_TRUE(test, device_has_pattern(&importer, length, PATTERN_FROM));
	let_go(&importer);
}

/* Return the mode that page table entries of @desc show if its own mode is @cache. */
static u32 entries_say(const struct iokmem_desc *desc, u32 cache)
{
	return iokmem_desc_is_typed(desc) ? entry_cache(cache) : cache;
}

static void export_gives_drivers_a_kernel_address(struct kunit *test)
{
	struct iokmem_desc *desc = exportable(test);
	u32 cache = iokmem_desc_get_cache_mode(desc);
	size_t length = iokmem_desc_get_length(desc), at;
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct iosys_map map, second;
	u8 *bytes;

	write_pattern(test, desc);
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(dmabuf, &map));
	KUNIT_EXPECT_EQ(test, !strcmp(iokmem_desc_kind_name(desc), "physical"), map.is_iomem);
	bytes = map.is_iomem ? (__force u8 *)map.vaddr_iomem : map.vaddr;
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, length, 0));
	if (entries_have_types())
		for (at = 0; at < dmabuf->size; at += PAGE_SIZE)
			KUNIT_EXPECT_EQ(test, entries_say(desc, cache),
					kernel_entry_of((unsigned long)bytes + at).cache);
	for (at = 0; at < length; at++)
		bytes[at] = pattern(PATTERN_FROM + at);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, PATTERN_FROM));

	KUNIT_EXPECT_EQ(test, 0, dma_buf_vmap_unlocked(dmabuf, &second));
	KUNIT_EXPECT_TRUE(test, iosys_map_is_equal(&map, &second));
	dma_buf_vunmap_unlocked(dmabuf, &second);
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, length, PATTERN_FROM));
	dma_buf_vunmap_unlocked(dmabuf, &map);
}

/* Create a descriptor of two pages that are not neighbours. */
static struct iokmem_desc *two_apart(struct kunit *test)
{
	struct iokmem_desc *whole = buffer(test, NULL, 4 * PAGE_SIZE, 0);
	struct iokmem_desc *members[2] = {
		keep_desc(test, iokmem_sub_with_sub_range(whole, 2 * PAGE_SIZE, PAGE_SIZE,
							  INOUT)),
		keep_desc(test, iokmem_sub_with_sub_range(whole, 0, PAGE_SIZE, INOUT)),
	};

	return keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
}

/* The address must not be that of another user's map, which may end at any time. */
static void export_has_a_kernel_address_of_its_own(struct kunit *test)
{
	struct iokmem_desc *desc = two_apart(test);
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	struct iosys_map address;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(dmabuf, &address));
	KUNIT_EXPECT_NE(test, address_of(m), (unsigned long)address.vaddr);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_unmap(m));
	memset(address.vaddr, 5, dmabuf->size);
	dma_buf_vunmap_unlocked(dmabuf, &address);
}

static void export_uses_the_longest_entries_that_a_device_takes(struct kunit *test)
{
	static const unsigned int longest[] = {
		UINT_MAX, SZ_1M, SZ_64K, PAGE_SIZE, SZ_64K + 100,
	};
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PHYSICALLY_CONTIGUOUS,
					       SZ_2M, 0);
	struct device *dev = dma_device(test, "iokmem-importer");
	struct device_dma_parameters parameters = {};
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct importer importer;
	int i;

	dev->dma_parms = &parameters;
	for (i = 0; i < ARRAY_SIZE(longest); i++) {
		size_t entry = min_t(size_t, round_down(longest[i], PAGE_SIZE), SZ_2M);

		dma_set_max_seg_size(dev, longest[i]);
		KUNIT_ASSERT_EQ(test, 0, import_for(&importer, dmabuf, dev,
						    DMA_BIDIRECTIONAL));
		KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(SZ_2M, entry),
				check_table(test, &importer, entry));
		let_go(&importer);
	}
	dma_set_max_seg_size(dev, PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			import_for_error(dmabuf, dev, DMA_BIDIRECTIONAL));
	dev->dma_parms = NULL;
}

static void export_is_refused_to_a_device_that_cannot_reach_it(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_1M, 0);
	struct device *dev = dma_device(test, "iokmem-importer");

	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(24)));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, import_for_error(export(test, desc, 0), dev,
							  DMA_BIDIRECTIONAL));
}

/* An IOMMU joins the pages, wherever they are. */
static void export_is_joined_by_an_iommu(struct kunit *test)
{
	struct device *dev = bus_device(test);
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct iokmem_desc *desc = two_apart(test);
	struct importer importer;
	struct scatterlist *sg;
	size_t offset = 0, at;
	unsigned int i;

	if (!domain || !(domain->type & __IOMMU_DOMAIN_PAGING))
		kunit_skip(test, "no IOMMU");
	KUNIT_ASSERT_EQ(test, 0, import_for(&importer, export(test, desc, 0), dev,
					    DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_EQ(test, 1, importer.table->nents);
	check_table(test, &importer, SZ_64K);
	for_each_sgtable_dma_sg(importer.table, sg, i) {
		for (at = 0; at < sg_dma_len(sg); at += PAGE_SIZE, offset += PAGE_SIZE) {
			dma_addr_t address = sg_dma_address(sg) + at;

			KUNIT_EXPECT_FALSE(test, address >> 28);
			KUNIT_EXPECT_EQ(test, PFN_PHYS(pfn_of(desc, offset)),
					iommu_iova_to_phys(domain, address));
		}
	}
	let_go(&importer);
}

static void export_is_synchronised_for_all_devices(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_1M, 0);
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct importer reads, writes, both;

	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE));
	KUNIT_ASSERT_EQ(test, 0, import_for(&reads, dmabuf, dma_device(test, "iokmem-reads"),
					    DMA_TO_DEVICE));
	KUNIT_ASSERT_EQ(test, 0, import_for(&writes, dmabuf,
					    dma_device(test, "iokmem-writes"),
					    DMA_FROM_DEVICE));
	KUNIT_ASSERT_EQ(test, 0, import_for(&both, dmabuf, dma_device(test, "iokmem-both"),
					    DMA_BIDIRECTIONAL));
	/* The DMA API logs an error for a call that does not fit the device's mapping. */
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_TO_DEVICE));
	let_go(&writes);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_TO_DEVICE));
	let_go(&both);
	let_go(&reads);
}

/* A file of a driver that shows dma-bufs as its own memory, as graphics drivers do. */
static int importer_mmap(struct file *file, struct vm_area_struct *vma)
{
	return dma_buf_mmap(file->private_data, vma, 0);
}

static const struct file_operations importer_fops = {
	.owner	= THIS_MODULE,
	.mmap	= importer_mmap,
};

/* Map the dma-buf by its own file, or by a driver's. Returns the address or an error. */
static unsigned long mmap_dma_buf(struct kunit *test, struct dma_buf *dmabuf, bool by_driver,
				  int prot)
{
	struct file *file = get_file(dmabuf->file);
	unsigned long address;

	if (by_driver) {
		fput(file);
		file = anon_inode_getfile("[importer]", &importer_fops, dmabuf, O_RDWR);
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	address = vm_mmap(file, 0, dmabuf->size, prot, MAP_SHARED, 0);
	fput(file);
	return address;
}

static void expect_mapped(struct kunit *test, struct iokmem_desc *desc,
			  unsigned long address)
{
	size_t length = iokmem_desc_get_length(desc), at;
	u32 cache = iokmem_desc_get_cache_mode(desc);
	u8 byte = 5;

	KUNIT_EXPECT_TRUE(test, user_has_pattern(address, length, 0));
	if (entries_have_types())
		for (at = 0; at < length; at += PAGE_SIZE)
			KUNIT_EXPECT_EQ(test, entries_say(desc, cache),
					entry_of(current->mm, address + at).cache);
	KUNIT_ASSERT_EQ(test, 0, put_user(byte, (u8 __user *)address + length - 1));
	byte = 0;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, length - 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, 5, byte);
}

static void export_is_mapped_by_programs(struct kunit *test)
{
	struct iokmem_desc *desc = exportable(test);
	struct dma_buf *dmabuf = export(test, desc, 0);
	const int prot = PROT_READ | PROT_WRITE;
	unsigned int nr_maps = root_of(desc)->nr_maps;
	unsigned long address;
	bool by_driver = false;

	write_pattern(test, desc);
	do {
		address = mmap_dma_buf(test, dmabuf, by_driver, prot);
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
		KUNIT_EXPECT_EQ(test, nr_maps + 1, root_of(desc)->nr_maps);
		expect_mapped(test, desc, address);
		/* The mapping cannot be cut, as other maps of descriptors cannot. */
		KUNIT_EXPECT_EQ(test, -EINVAL, vm_munmap(address, PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, dmabuf->size));
		write_pattern(test, desc);
	} while ((by_driver = !by_driver));
	KUNIT_EXPECT_EQ(test, nr_maps, root_of(desc)->nr_maps);
	/* It can neither pass the end nor be private. */
	KUNIT_EXPECT_EQ(test, -EINVAL, (long)vm_mmap(dmabuf->file, 0, dmabuf->size + 1, prot,
						     MAP_SHARED, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, (long)vm_mmap(dmabuf->file, 0, PAGE_SIZE, prot,
						     MAP_PRIVATE, 0));
}

static void export_is_mapped_as_long_as_it_was(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, 4 * PAGE_SIZE, 0);
	struct dma_buf *dmabuf;
	unsigned long address;

	attach_address_space(test);
	fill_pattern(desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 2 * PAGE_SIZE + 1));
	dmabuf = export(test, desc, 0);
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, dmabuf->size);
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 0));
	KUNIT_EXPECT_EQ(test, -ERANGE, export_error(desc, 0));
	address = mmap_dma_buf(test, dmabuf, false, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address, 3 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, dmabuf->size));
}

/* The hold on the old memory ends with the redirection. */
static void export_that_is_mapped_is_redirected(struct kunit *test)
{
	struct iokmem_desc *multi = two_apart(test), *other = buffer(test, NULL, SZ_64K, 0);
	struct dma_buf *dmabuf = export(test, multi, 0);
	struct iokmem_map *m;
	unsigned long address;
	u64 id = multi->id;

	attach_address_space(test);
	write_pattern(test, multi);
	address = mmap_dma_buf(test, dmabuf, false, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
	put_dma_buf_now(test, dmabuf);
	settle_files(test);
	KUNIT_EXPECT_EQ(test, 1, multi->held);
	m = &list_first_entry(&multi->mappings, struct iokmem_mapping, node)->whole;
	iokmem_map_get(m);
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, multi, 0, 0));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address, 2 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, other, 0, 0));
	settle_files(test);
	KUNIT_EXPECT_EQ(test, 0, multi->held);
	put_buffer_now(test, multi);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
	KUNIT_EXPECT_EQ(test, 0, touch(address));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, 2 * PAGE_SIZE));
	iokmem_map_put(m);
}

static void export_read_only_is_only_read(struct kunit *test)
{
	struct iokmem_desc *desc = exportable(test);
	struct device *dev = dma_device(test, "iokmem-importer");
	struct dma_buf *dmabuf = export(test, desc, RO);
	const struct kind *kind = test->param_value;
	struct iosys_map map;
	struct importer importer;
	bool by_driver = false;

	write_pattern(test, desc);
	if (!kind->no_counts) {
		KUNIT_EXPECT_EQ(test, -EACCES,
				import_for_error(dmabuf, dev, DMA_BIDIRECTIONAL));
		KUNIT_EXPECT_EQ(test, -EACCES,
				import_for_error(dmabuf, dev, DMA_FROM_DEVICE));
		KUNIT_ASSERT_EQ(test, 0, import_for(&importer, dmabuf, dev, DMA_TO_DEVICE));
		KUNIT_EXPECT_TRUE(test, device_has_pattern(&importer,
							   iokmem_desc_get_length(desc), 0));
		let_go(&importer);
	}
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_vmap_unlocked(dmabuf, &map));
	do {
		unsigned long address;

		address = mmap_dma_buf(test, dmabuf, by_driver, PROT_READ | PROT_WRITE);
		KUNIT_EXPECT_EQ(test, -EACCES, (long)address);
		address = mmap_dma_buf(test, dmabuf, by_driver, PROT_READ);
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
		KUNIT_EXPECT_TRUE(test, user_has_pattern(address,
							 iokmem_desc_get_length(desc), 0));
		KUNIT_EXPECT_EQ(test, -EFAULT, put_user(0, (u8 __user *)address));
		mmap_read_lock(current->mm);
		KUNIT_EXPECT_FALSE(test, vma_lookup(current->mm, address)->vm_flags &
					 (VM_WRITE | VM_MAYWRITE));
		mmap_read_unlock(current->mm);
		KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, dmabuf->size));
	} while ((by_driver = !by_driver));
	/* Others can still write. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, IN));
	KUNIT_EXPECT_EQ(test, 0, export_error(desc, 0));
}

/* Memory of a task that is held for reading only can be exported for reading only. */
static void export_of_memory_held_for_reading_is_read_only(struct kunit *test)
{
	struct device *dev = dma_device(test, "iokmem-importer");
	struct dma_buf *dmabuf;
	struct iokmem_desc *desc;
	unsigned long address;

	attach_address_space(test);
	address = user_memory(test, SZ_64K, true);
	desc = keep_desc(test, iokmem_desc_with_address_range(address, SZ_64K, INOUT, current));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, OUT));
	KUNIT_EXPECT_EQ(test, -EACCES, export_error(desc, 0));
	KUNIT_EXPECT_EQ(test, 1, desc->held);
	dmabuf = export(test, desc, RO);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, OUT));
	KUNIT_EXPECT_EQ(test, 0, import_for_error(dmabuf, dev, DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, -EACCES, export_error(desc, 0));
	put_dma_buf_now(test, dmabuf);
	settle_files(test);
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, 0, export_error(desc, 0));
}

/* One who only reads memory of the module's own keeps nobody from writing it. */
static void export_of_pageable_memory_is_writable(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SZ_64K, 0);

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, OUT));
	KUNIT_EXPECT_EQ(test, 0, export_error(desc, 0));
}

static void export_of_unshareable_memory_is_refused(struct kunit *test)
{
	struct iokmem_desc *wired = buffer(test, NULL, 2 * PAGE_SIZE, 0);
	struct iokmem_desc *guard = keep_desc(test, iokmem_guard_with_size(PAGE_SIZE));
	struct iokmem_desc *members[3] = { wired, guard, wired }, *multi;
	struct iokmem_desc *part, *rest, *anonymous;
	unsigned long address;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, export_error(guard, 0));
	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 3, INOUT));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, export_error(multi, 0));

	part = keep_desc(test, iokmem_sub_with_sub_range(wired, 0, 100, INOUT));
	KUNIT_EXPECT_EQ(test, -EACCES, export_error(part, 0));
	rest = keep_desc(test, iokmem_sub_with_sub_range(wired, 100, PAGE_SIZE - 100, INOUT));
	KUNIT_EXPECT_EQ(test, -EACCES, export_error(rest, 0));
	members[0] = part;
	members[1] = wired;
	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	KUNIT_EXPECT_EQ(test, -EINVAL, export_error(multi, 0));
	part = keep_desc(test, iokmem_sub_with_sub_range(wired, 100, 0, INOUT));
	KUNIT_EXPECT_EQ(test, -ERANGE, export_error(part, 0));

	attach_address_space(test);
	address = user_memory(test, PAGE_SIZE, false);
	anonymous = keep_desc(test, iokmem_desc_with_address_range(address, PAGE_SIZE,
								   INOUT, current));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, export_error(anonymous, 0));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, export_error(anonymous, 0));
	KUNIT_EXPECT_EQ(test, 0, anonymous->held);
	KUNIT_EXPECT_EQ(test, 0, wired->held);
	KUNIT_EXPECT_EQ(test, 0, multi->held);
}

/* Memory of several types has no kernel address. Nor do device memory and RAM together. */
static void export_of_a_mixture_has_no_kernel_address(struct kunit *test)
{
	struct iokmem_desc *members[2] = {
		buffer(test, NULL, PAGE_SIZE, 0),
		buffer_with(test, NULL, IOKMEM_MAP_WRITE_COMBINE_CACHE, PAGE_SIZE, 0),
	};
	struct device *dev = dma_device(test, "iokmem-importer");
	struct iokmem_desc *multi;
	struct dma_buf *dmabuf;
	struct iosys_map map;

	need_memory_types(test);
	need_reserved(test);
	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	dmabuf = export(test, multi, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_vmap_unlocked(dmabuf, &map));
	KUNIT_EXPECT_EQ(test, 0, import_for_error(dmabuf, dev, DMA_BIDIRECTIONAL));

	members[1] = keep_desc(test, iokmem_desc_with_physical_address(RESERVED_START,
								       PAGE_SIZE, INOUT));
	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	dmabuf = export(test, multi, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_vmap_unlocked(dmabuf, &map));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			import_for_error(dmabuf, dev, DMA_BIDIRECTIONAL));
}

static void export_keeps_the_cache_mode(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	const u32 combined = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_WRITE_COMBINE_CACHE;
	struct dma_buf *dmabuf = export(test, desc, 0);

	need_memory_types(test);
	KUNIT_EXPECT_EQ(test, -EBUSY, map_error(desc, IOKMEM_KERNEL_TASK, 0, combined, 0, 0));
	put_dma_buf_now(test, dmabuf);
	settle_files(test);
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0, combined, 0, 0));
}

static void export_keeps_pageable_memory_in_memory(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE |
					       IOKMEM_PURGEABLE, SZ_64K, 0);
	struct dma_buf *dmabuf = export(test, desc, 0);
	u64 resident;
	u32 old;
	int i;

	write_pattern(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_set_purgeable(desc, IOKMEM_PURGEABLE_VOLATILE,
							   NULL));
	for (i = 0; i < 5; i++)
		KUNIT_ASSERT_EQ(test, 0, write_line("/proc/sys/vm/drop_caches", "2"));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &resident, NULL));
	KUNIT_EXPECT_EQ(test, SZ_64K / PAGE_SIZE, resident);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	put_dma_buf_now(test, dmabuf);
	settle_files(test);
	for (i = 0; i < 5; i++)
		KUNIT_ASSERT_EQ(test, 0, write_line("/proc/sys/vm/drop_caches", "2"));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_set_purgeable(desc, IOKMEM_PURGEABLE_VOLATILE,
							   &old));
	KUNIT_EXPECT_EQ(test, IOKMEM_PURGEABLE_EMPTY, old);
}

static void export_outlives_its_maker(struct kunit *test)
{
	struct iokmem_desc *desc = exportable(test);
	size_t length = iokmem_desc_get_length(desc);
	struct device *dev = dma_device(test, "iokmem-importer");
	struct dma_buf *dmabuf = export(test, desc, 0);
	const struct kind *kind = test->param_value;
	struct importer importer;
	unsigned long address;
	u64 id = desc->id;

	write_pattern(test, desc);
	address = mmap_dma_buf(test, dmabuf, false, PROT_READ);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
	put_buffer_now(test, desc);
	if (!kind->no_counts) {
		KUNIT_ASSERT_EQ(test, 0, import_for(&importer, dmabuf, dev,
						    DMA_BIDIRECTIONAL));
		KUNIT_EXPECT_TRUE(test, device_has_pattern(&importer, length, 0));
		let_go(&importer);
	}
	put_dma_buf_now(test, dmabuf);
	settle_files(test);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address, length, 0));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, PAGE_ALIGN(length)));
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static struct kunit_case dmabuf_export_cases[] = {
	KUNIT_CASE_PARAM(export_is_there_or_leaves_nothing_behind, kind_gen_params),
	KUNIT_CASE_PARAM(export_gives_devices_the_memory, kind_gen_params),
	KUNIT_CASE_PARAM(export_gives_drivers_a_kernel_address, kind_gen_params),
	KUNIT_CASE(export_has_a_kernel_address_of_its_own),
	KUNIT_CASE(export_uses_the_longest_entries_that_a_device_takes),
	KUNIT_CASE(export_is_refused_to_a_device_that_cannot_reach_it),
	KUNIT_CASE(export_is_joined_by_an_iommu),
	KUNIT_CASE(export_is_synchronised_for_all_devices),
	KUNIT_CASE_PARAM(export_is_mapped_by_programs, kind_gen_params),
	KUNIT_CASE(export_is_mapped_as_long_as_it_was),
	KUNIT_CASE(export_that_is_mapped_is_redirected),
	KUNIT_CASE_PARAM(export_read_only_is_only_read, kind_gen_params),
	KUNIT_CASE(export_of_memory_held_for_reading_is_read_only),
	KUNIT_CASE(export_of_pageable_memory_is_writable),
	KUNIT_CASE(export_of_unshareable_memory_is_refused),
	KUNIT_CASE(export_of_a_mixture_has_no_kernel_address),
	KUNIT_CASE(export_keeps_the_cache_mode),
	KUNIT_CASE(export_keeps_pageable_memory_in_memory),
	KUNIT_CASE_PARAM(export_outlives_its_maker, kind_gen_params),
	{}
};

static struct kunit_suite dmabuf_export_suite = {
	.name = "iokmem_dmabuf_export",
	.test_cases = dmabuf_export_cases,
};

kunit_test_suite(dmabuf_export_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs: what importers get of every kind of memory; and what of another driver's can
 * be had.
 */
#include <kunit/device.h>
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "exporter.h"
#include "kinds.h"

#define NONE	IOKMEM_DIRECTION_NONE
#define IN	IOKMEM_DIRECTION_IN
#define OUT	IOKMEM_DIRECTION_OUT
#define INOUT	IOKMEM_DIRECTION_INOUT
#define RO	IOKMEM_FD_READ_ONLY

#define PATTERN_FROM	7	/* what somebody else writes */

static struct device *dma_device(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	return dev;
}

static struct dma_buf *export(struct kunit *test, struct iokmem_desc *desc, u32 flags)
{
	struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(desc, flags);

	keep_dma_buf(test, dmabuf);
	return dmabuf;
}

static int export_error(struct iokmem_desc *desc, u32 flags)
{
	struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(desc, flags);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	dma_buf_put(dmabuf);
	return 0;
}

static struct iokmem_desc *import(struct kunit *test, struct dma_buf *dmabuf, u32 direction)
{
	return keep_desc(test, iokmem_desc_with_dma_buf(dmabuf, direction));
}

static int import_error(struct dma_buf *dmabuf, u32 direction)
{
	struct iokmem_desc *desc = iokmem_desc_with_dma_buf(dmabuf, direction);

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

static struct iokmem_desc *root_of(struct iokmem_desc *desc)
{
	return desc->parent ? desc->parent : desc;
}

/* A device that has a dma-buf. */
struct importer {
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	enum dma_data_direction direction;
};

static int import_for(struct importer *importer, struct dma_buf *dmabuf, struct device *dev,
		      enum dma_data_direction direction)
{
	importer->direction = direction;
	importer->attachment = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(importer->attachment))
		return PTR_ERR(importer->attachment);
	importer->table = dma_buf_map_attachment_unlocked(importer->attachment, direction);
	if (!IS_ERR(importer->table))
		return 0;
	dma_buf_detach(dmabuf, importer->attachment);
	return PTR_ERR(importer->table);
}

static void let_go(struct importer *importer)
{
	dma_buf_unmap_attachment_unlocked(importer->attachment, importer->table,
					  importer->direction);
	dma_buf_detach(importer->attachment->dmabuf, importer->attachment);
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

/* What the device has in its first @length bytes; it sees physical addresses. */
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

/* All of the dma-buf, in whole pages. */
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

static bool reads_pattern(struct kunit *test, struct iokmem_desc *desc, size_t first)
{
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = kunit_kmalloc(test, length, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	err = iokmem_desc_read_bytes(desc, 0, bytes, length);
	return !err && has_pattern(bytes, length, first);
}

static void write_pattern(struct kunit *test, struct iokmem_desc *desc)
{
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = kunit_kmalloc(test, length, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill_bytes(bytes, length);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, bytes, length));
}

/* Which a dma-buf can be made of, with a dma-buf that is not the descriptor's own. */
static struct iokmem_desc *exportable(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);

	if (kind->export_error || kind->imported)
		kunit_skip(test, "nothing to export");
	return desc;
}

static void export_is_there_or_leaves_nothing_behind(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind), *root = root_of(desc);
	unsigned int held = root->held, users = refcount_read(&desc->users);
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
	KUNIT_EXPECT_EQ(test, held + 1, root->held);
	KUNIT_EXPECT_EQ(test, users + 1, refcount_read(&desc->users));
	/* Another one is another one. */
	KUNIT_EXPECT_PTR_NE(test, dmabuf, export(test, desc, RO));
	KUNIT_EXPECT_EQ(test, held + 2, root->held);
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

	/* Another device at the same time, and once more the same. */
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

/* Two pages that are no neighbours. */
static struct iokmem_desc *scattered(struct kunit *test)
{
	struct iokmem_desc *whole = buffer(test, NULL, 4 * PAGE_SIZE, 0);
	struct iokmem_desc *members[2] = {
		keep_desc(test, iokmem_sub_with_sub_range(whole, 2 * PAGE_SIZE, PAGE_SIZE,
							  INOUT)),
		keep_desc(test, iokmem_sub_with_sub_range(whole, 0, PAGE_SIZE, INOUT)),
	};

	return keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
}

/* Not where somebody else's map is, which may end at any time. */
static void export_has_a_kernel_address_of_its_own(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test);
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	struct iosys_map address;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(dmabuf, &address));
	KUNIT_EXPECT_NE(test, iokmem_map_get_address(m), (unsigned long)address.vaddr);
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
	KUNIT_EXPECT_EQ(test, -ERANGE, import_for_error(export(test, desc, 0), dev,
							DMA_BIDIRECTIONAL));
}

/* Wherever it is, and however scattered. */
static void export_is_joined_by_an_iommu(struct kunit *test)
{
	struct device *dev = bus_device(test);
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct iokmem_desc *desc = scattered(test);
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
	/* The DMA API complains in the log of what does not fit what it knows. */
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

/* The file of a driver that shows dma-bufs as its own memory, as graphics drivers do. */
static int importer_mmap(struct file *file, struct vm_area_struct *vma)
{
	return dma_buf_mmap(file->private_data, vma, 0);
}

static const struct file_operations importer_fops = {
	.owner	= THIS_MODULE,
	.mmap	= importer_mmap,
};

/* By the dma-buf's own file, or by a driver's; 0 or an error. */
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
		/* It cannot be cut, as others cannot. */
		KUNIT_EXPECT_EQ(test, -EINVAL, vm_munmap(address, PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, dmabuf->size));
		write_pattern(test, desc);
	} while ((by_driver = !by_driver));
	KUNIT_EXPECT_EQ(test, nr_maps, root_of(desc)->nr_maps);
	/* Nor may it be beyond the end, or somebody's own copy. */
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

/* What had to be held for it goes with the old memory. */
static void export_that_is_mapped_is_redirected(struct kunit *test)
{
	struct iokmem_desc *multi = scattered(test), *other = buffer(test, NULL, SZ_64K, 0);
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
	/* Nobody else is kept from writing. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, IN));
	KUNIT_EXPECT_EQ(test, 0, export_error(desc, 0));
}

/* What is held for reading only can be shown for reading only. */
static void export_of_what_is_only_read_is_read_only(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SZ_64K, 0);
	struct device *dev = dma_device(test, "iokmem-importer");
	struct dma_buf *dmabuf;

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

static void export_of_what_cannot_be_shown_is_refused(struct kunit *test)
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
	members[1] = rest;
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

/* Several types have no kernel address, nor have devices and RAM together. */
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

static void import_of_an_export_is_the_descriptor(struct kunit *test)
{
	struct iokmem_desc *desc = exportable(test), *again;
	unsigned int users = refcount_read(&desc->users);
	struct dma_buf *dmabuf = export(test, desc, 0);

	again = import(test, dmabuf, INOUT);
	KUNIT_EXPECT_PTR_EQ(test, desc, again);
	KUNIT_EXPECT_EQ(test, users + 2, refcount_read(&desc->users));
	KUNIT_EXPECT_PTR_EQ(test, desc, import(test, dmabuf, OUT));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, import_error(dmabuf, 4));

	dmabuf = export(test, desc, RO);
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(dmabuf, INOUT));
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(dmabuf, IN));
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(dmabuf, NONE));
	KUNIT_EXPECT_PTR_EQ(test, desc, import(test, dmabuf, OUT));
}

/* Who is given a dma-buf of the first page does not get the second by importing it. */
static void import_of_an_export_gives_no_more_than_that(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, 2 * PAGE_SIZE, 0), *less;
	struct dma_buf *dmabuf;

	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, PAGE_SIZE));
	dmabuf = export(test, desc, 0);
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 2 * PAGE_SIZE));
	less = import(test, dmabuf, INOUT);
	KUNIT_EXPECT_PTR_EQ(test, desc, less->parent);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, iokmem_desc_get_length(less));
	KUNIT_EXPECT_EQ(test, INOUT, iokmem_desc_get_direction(less));
	KUNIT_EXPECT_NE(test, 0, iokmem_buffer_set_length(less, 2 * PAGE_SIZE));
}

static void import_shows_the_exporters_bytes(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	size_t size = from->dmabuf->size;
	struct iokmem_map *of_kernel, *of_task;
	u8 byte;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, size, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, INOUT, iokmem_desc_get_direction(desc));
	KUNIT_EXPECT_STREQ(test, "dma-buf", iokmem_desc_kind_name(desc));
	fill_bytes(from->bytes, size);
	of_task = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(iokmem_map_get_address(of_task), size, 0));
	KUNIT_EXPECT_EQ(test, 0, put_user(5, (u8 __user *)iokmem_map_get_address(of_task) + size - 1));
	KUNIT_EXPECT_EQ(test, 5, from->bytes[size - 1]);
	KUNIT_EXPECT_EQ(test, page_to_pfn(from->pages[2]),
			entry_of(current->mm, iokmem_map_get_address(of_task) + 2 * PAGE_SIZE).pfn);

	/* The kernel has it already. */
	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, from->bytes + PAGE_SIZE, (u8 *)iokmem_map_get_address(of_kernel));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 9, "x", 1));
	KUNIT_EXPECT_EQ(test, 'x', from->bytes[9]);
	from->bytes[10] = 'y';
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 10, &byte, 1));
	KUNIT_EXPECT_EQ(test, 'y', byte);
	KUNIT_EXPECT_EQ(test, 2, from->accesses);
	KUNIT_EXPECT_EQ(test, 0, from->begun);
}

static void import_holds_the_memory_while_it_is_used(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_MOVES);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m;

	attach_address_space(test);
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 1, from->attached);
	KUNIT_EXPECT_EQ(test, 1, from->pinned);
	KUNIT_EXPECT_TRUE(test, from->vmapped);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, from->attached);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, 1, from->pinned);
	put_map_now(test, m);
	KUNIT_EXPECT_TRUE(test, is_idle(from));

	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, from->pinned);
	put_map_now(test, m);
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static void import_keeps_the_dma_buf(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m;

	attach_address_space(test);
	fill_bytes(from->bytes, from->dmabuf->size);
	m = map(test, desc, current, 0, 0, 0);
	put_dma_buf_now(test, from->dmabuf);
	put_buffer_now(test, desc);
	settle_files(test);
	KUNIT_EXPECT_FALSE(test, from->released);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(iokmem_map_get_address(m), EXPORTER_PAGES * PAGE_SIZE, 0));
	put_map_now(test, m);
	KUNIT_EXPECT_TRUE(test, is_released(from));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static void import_has_the_exporters_memory_type(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_COMBINED);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	const u32 combined = IOKMEM_MAP_WRITE_COMBINE_CACHE;
	struct iokmem_map *m, *own;
	unsigned long i;

	need_memory_types(test);
	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, combined, iokmem_desc_get_cache_mode(desc));
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, combined, iokmem_map_get_cache_mode(m));
	own = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	for (i = 0; i < EXPORTER_PAGES * PAGE_SIZE; i += PAGE_SIZE) {
		KUNIT_ASSERT_EQ(test, 0, touch(iokmem_map_get_address(m) + i));
		KUNIT_EXPECT_EQ(test, combined, entry_of(current->mm, iokmem_map_get_address(m) + i).cache);
		KUNIT_EXPECT_EQ(test, combined, kernel_entry_of(iokmem_map_get_address(own) + i).cache);
	}
	/* Who asks for it gets it; the type is not ours to change. */
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE | combined,
					   0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
						     IOKMEM_MAP_INHIBIT_CACHE, 0, 0));
}

static void import_of_memory_of_devices_is_theirs(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_IO);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	const u32 uncached = IOKMEM_MAP_INHIBIT_CACHE;
	size_t size = from->dmabuf->size;
	struct iokmem_map *m;

	attach_address_space(test);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	write_pattern(test, desc);
	KUNIT_EXPECT_TRUE(test, has_pattern(from->bytes, size, 0));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, NULL, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(from->bytes, 0, size));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, from->bytes, (u8 *)iokmem_map_get_address(m));
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, touch(iokmem_map_get_address(m) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(RESERVED_START) + 1,
			entry_of(current->mm, iokmem_map_get_address(m) + PAGE_SIZE).pfn);
	if (!entries_have_types())
		return;
	KUNIT_EXPECT_EQ(test, uncached, iokmem_desc_get_cache_mode(desc));
	KUNIT_EXPECT_EQ(test, uncached, entry_of(current->mm, iokmem_map_get_address(m) + PAGE_SIZE).cache);
}

static void import_that_cannot_be_had_is_refused(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_NO_VMAP);
	struct iokmem_desc *desc;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, import_error(from->dmabuf, INOUT));
	from = exporter(test, EXPORTER_EMPTY);
	KUNIT_EXPECT_EQ(test, -EINVAL, import_error(from->dmabuf, INOUT));

	/* What the exporter does not let programs map, nobody lets them map. */
	from = exporter(test, EXPORTER_NO_MMAP);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, import_error(from->dmabuf, 4));
	desc = import(test, from->dmabuf, INOUT);
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE,
					   0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE,
						     0, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static void import_that_is_read_only_is_only_read(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_READ_ONLY);
	struct iokmem_desc *desc;
	u8 byte = 0;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(from->dmabuf, INOUT));
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(from->dmabuf, IN));
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(from->dmabuf, NONE));
	desc = import(test, from->dmabuf, OUT);
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
					   IOKMEM_MAP_READ_ONLY, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE |
					   IOKMEM_MAP_READ_ONLY, 0, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_prepare(desc, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_write_bytes(desc, 0, &byte, 1));
}

static void import_copes_with_an_exporter_that_refuses(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	u8 byte = 5;

	from->attach_error = -EBUSY;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, import_error(from->dmabuf, INOUT));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_prepare(desc, NONE));
	from->attach_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, -ENOMEM, iokmem_desc_prepare(desc, NONE));
	from->attach_error = -ERESTARTSYS;
	KUNIT_EXPECT_EQ(test, -EINTR, iokmem_desc_prepare(desc, NONE));
	from->attach_error = 0;
	KUNIT_EXPECT_TRUE(test, is_idle(from));

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	from->begin_error = -EBUSY;
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	from->begin_error = -ERESTARTSYS;
	KUNIT_EXPECT_EQ(test, -EINTR, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, from->bytes[0]);
	KUNIT_EXPECT_EQ(test, 0, from->accesses);
	from->begin_error = 0;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 5, from->bytes[0]);
}

static void import_is_part_of_other_descriptors(struct kunit *test)
{
	struct exporter *from = exporter(test, 0), *io;
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT), *multi, *sub;
	struct iokmem_desc *members[2] = { buffer(test, NULL, PAGE_SIZE, 0), desc };
	struct iokmem_map *whole, *m;
	u8 bytes[4] = { 1, 2, 3, 4 };

	attach_address_space(test);
	fill_bytes(from->bytes, from->dmabuf->size);
	sub = keep_desc(test, iokmem_sub_with_sub_range(desc, PAGE_SIZE, PAGE_SIZE, INOUT));
	whole = map(test, desc, current, 0, 0, 0);
	m = map(test, sub, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, iokmem_map_get_address(whole) + PAGE_SIZE, iokmem_map_get_address(m));

	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	m = map(test, multi, current, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(iokmem_map_get_address(m) + PAGE_SIZE,
						 from->dmabuf->size, 0));
	put_map_now(test, m);

	/* All bytes or none: the seam is between the second and the third. */
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_desc_write_bytes(multi, PAGE_SIZE - 2, bytes, 4));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(multi, NONE));
	from->begin_error = -EBUSY;
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_desc_write_bytes(multi, PAGE_SIZE - 2, bytes, 4));
	from->begin_error = 0;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(members[0], PAGE_SIZE - 2, bytes + 2, 2));
	KUNIT_EXPECT_EQ(test, 0, bytes[2]);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(multi, PAGE_SIZE - 2, bytes + 1, 3));
	KUNIT_EXPECT_EQ(test, 0, from->bytes[0]);
	KUNIT_EXPECT_EQ(test, 1, from->accesses);
	KUNIT_EXPECT_EQ(test, 0, from->begun);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(multi, NONE));

	/* Memory that may have no pages. */
	io = exporter(test, EXPORTER_IO);
	members[1] = import(test, io->dmabuf, INOUT);
	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(multi, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(multi, PAGE_SIZE - 2, bytes, 4));
	KUNIT_EXPECT_EQ(test, bytes[2], io->bytes[0]);
	KUNIT_EXPECT_EQ(test, bytes[3], io->bytes[1]);
}

static void import_is_redirected_to(struct kunit *test)
{
	struct iokmem_desc *wired = buffer(test, NULL, EXPORTER_PAGES * PAGE_SIZE, 0), *desc;
	struct exporter *from = exporter(test, EXPORTER_COMBINED);
	struct iokmem_map *m;

	attach_address_space(test);
	desc = import(test, from->dmabuf, INOUT);
	fill_bytes(from->bytes, from->dmabuf->size);
	m = map(test, wired, current, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, touch(iokmem_map_get_address(m)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, desc, 0, 0));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(iokmem_map_get_address(m), from->dmabuf->size, 0));
	KUNIT_EXPECT_EQ(test, 1, from->attached);
	if (entries_have_types())
		KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
				entry_of(current->mm, iokmem_map_get_address(m)).cache);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, wired, 0, 0));
	KUNIT_EXPECT_FALSE(test, user_has_pattern(iokmem_map_get_address(m), from->dmabuf->size, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

/* A device gets it from the exporter. */
static void import_is_shown_to_devices_by_the_exporter(struct kunit *test)
{
	static const struct iokmem_dma_specification anything;
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT), *multi;
	struct iokmem_dma_segment segment;
	struct iokmem_dma *dma;
	size_t offset = 0;
	unsigned int nr = 1;
	u8 bytes[3] = {};

	dma = iokmem_dma_with_specification(dma_device(test, "iokmem-dma"), &anything);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, PAGE_SIZE + 5, 100));
	/* Besides the one that keeps the memory in place. */
	KUNIT_EXPECT_EQ(test, 2, from->attached);
	KUNIT_EXPECT_EQ(test, 1, from->mapped);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, page_to_phys(from->pages[1]) + 5, segment.address);
	KUNIT_EXPECT_EQ(test, 100, segment.length);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 1, from->accesses);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, OUT));
	KUNIT_EXPECT_EQ(test, 0, from->begun);

	/* Each access by the CPU begins and ends once, and whether it can is told. */
	KUNIT_EXPECT_EQ(test, 3, iokmem_dma_write_bytes(dma, 1, "abc", 3));
	KUNIT_EXPECT_EQ(test, 0, from->begun);
	KUNIT_EXPECT_EQ(test, 2, from->accesses);
	KUNIT_EXPECT_EQ(test, 3, iokmem_dma_read_bytes(dma, 1, bytes, 3));
	KUNIT_EXPECT_EQ(test, 0, memcmp(bytes, "abc", 3));
	KUNIT_EXPECT_EQ(test, 0, from->begun);
	KUNIT_EXPECT_EQ(test, 3, from->accesses);
	from->begin_error = -EINVAL;
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_read_bytes(dma, 1, bytes, 3));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_write_bytes(dma, 1, "xyz", 3));
	from->begin_error = 0;
	KUNIT_EXPECT_EQ(test, 0, from->begun);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_TRUE(test, is_idle(from));

	from->attach_error = -EBUSY;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_dma_prepare(dma, 0, 0));
	from->attach_error = 0;
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	from->attach_error = -EBUSY;
	KUNIT_EXPECT_EQ(test, -EXDEV, iokmem_dma_prepare(dma, 0, 0));
	from->attach_error = 0;
	from->map_error = -EINVAL;
	KUNIT_EXPECT_EQ(test, -ENOBUFS, iokmem_dma_prepare(dma, 0, 0));
	from->map_error = 0;
	KUNIT_EXPECT_EQ(test, 1, from->attached);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));

	/* Not by its pages, among others'. */
	multi = keep_desc(test, iokmem_multi_with_descriptors(&desc, 1, INOUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, multi, false));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	iokmem_dma_put(dma);
}

/* There would be nothing where the last segment is. */
static void import_of_which_devices_are_told_too_little_is_refused(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_SHORT);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	static const struct iokmem_dma_specification any;
	struct iokmem_dma *dma = iokmem_dma_with_specification(device(test), &any);
	size_t all_but_one = (EXPORTER_PAGES - 1) * PAGE_SIZE;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_dma_prepare(dma, all_but_one, 1));
	KUNIT_EXPECT_EQ(test, -EIO, iokmem_dma_prepare(dma, all_but_one - 1, 2));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 1, all_but_one - 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	iokmem_dma_put(dma);
}

static void import_is_exported_as_what_it_is(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct dma_buf *again = export(test, desc, 0);

	KUNIT_EXPECT_PTR_EQ(test, from->dmabuf, again);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, export_error(desc, RO));
	put_buffer_now(test, desc);
	put_dma_buf_now(test, from->dmabuf);
	settle_files(test);
	KUNIT_EXPECT_FALSE(test, from->released);

	from = exporter(test, EXPORTER_READ_ONLY);
	desc = import(test, from->dmabuf, OUT);
	KUNIT_EXPECT_PTR_EQ(test, from->dmabuf, export(test, desc, RO));
	KUNIT_EXPECT_EQ(test, -EACCES, export_error(desc, 0));
}

static struct kunit_case dmabuf_cases[] = {
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
	KUNIT_CASE(export_of_what_is_only_read_is_read_only),
	KUNIT_CASE(export_of_what_cannot_be_shown_is_refused),
	KUNIT_CASE(export_of_a_mixture_has_no_kernel_address),
	KUNIT_CASE(export_keeps_the_cache_mode),
	KUNIT_CASE(export_keeps_pageable_memory_in_memory),
	KUNIT_CASE_PARAM(export_outlives_its_maker, kind_gen_params),
	KUNIT_CASE_PARAM(import_of_an_export_is_the_descriptor, kind_gen_params),
	KUNIT_CASE(import_of_an_export_gives_no_more_than_that),
	KUNIT_CASE(import_shows_the_exporters_bytes),
	KUNIT_CASE(import_holds_the_memory_while_it_is_used),
	KUNIT_CASE(import_keeps_the_dma_buf),
	KUNIT_CASE(import_has_the_exporters_memory_type),
	KUNIT_CASE(import_of_memory_of_devices_is_theirs),
	KUNIT_CASE(import_that_cannot_be_had_is_refused),
	KUNIT_CASE(import_that_is_read_only_is_only_read),
	KUNIT_CASE(import_copes_with_an_exporter_that_refuses),
	KUNIT_CASE(import_is_part_of_other_descriptors),
	KUNIT_CASE(import_is_redirected_to),
	KUNIT_CASE(import_is_shown_to_devices_by_the_exporter),
	KUNIT_CASE(import_of_which_devices_are_told_too_little_is_refused),
	KUNIT_CASE(import_is_exported_as_what_it_is),
	{}
};

static struct kunit_suite dmabuf_suite = {
	.name = "iokmem_dmabuf",
	.test_cases = dmabuf_cases,
};

kunit_test_suite(dmabuf_suite);

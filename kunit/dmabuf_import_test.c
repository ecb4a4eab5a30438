// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs as descriptors: those of a driver that knows nothing of this one, and this driver's
 * own.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/dma-buf.h>
#include <linux/uaccess.h>

#include "dmabuf_helpers.h"

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

/* The importer of a dma-buf of the first page cannot reach the second page. */
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
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(of_task), size, 0));
	KUNIT_EXPECT_EQ(test, 0, put_user(5, (u8 __user *)address_of(of_task) + size - 1));
	KUNIT_EXPECT_EQ(test, 5, from->bytes[size - 1]);
	KUNIT_EXPECT_EQ(test, page_to_pfn(from->pages[2]),
			entry_of(current->mm, address_of(of_task) + 2 * PAGE_SIZE).pfn);

	/* The kernel's address is the exporter's. */
	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, from->bytes + PAGE_SIZE, (u8 *)address_of(of_kernel));
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

static void import_that_is_taken_back_is_revoked(struct kunit *test)
{
	static const struct iokmem_dma_specification anything;
	struct exporter *from = exporter(test, EXPORTER_MOVES);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT), *multi;
	struct iokmem_map *user, *kernel, *of_multi;
	struct iokmem_dma *dma;
	unsigned long address;

	attach_address_space(test);
	multi = keep_desc(test, iokmem_multi_with_descriptors(&desc, 1, INOUT));
	dma = iokmem_dma_with_specification(dma_device(test, "iokmem-dma"), &anything);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	user = map(test, desc, current, 0, 0, 0);
	kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	of_multi = map(test, multi, current, 0, 0, 0);
	address = address_of(user);
	KUNIT_ASSERT_EQ(test, 0, touch(address));
	KUNIT_ASSERT_EQ(test, 0, touch(address_of(of_multi)));
	KUNIT_EXPECT_FALSE(test, iokmem_desc_check_revoked(desc));

	take_back(from);
	take_back(from);
	KUNIT_EXPECT_TRUE(test, is_revoked(desc));
	KUNIT_EXPECT_EQ(test, 1, touch(address));
	KUNIT_EXPECT_EQ(test, 0, address_of(user));
	KUNIT_EXPECT_EQ(test, 0, address_of(kernel));
	KUNIT_EXPECT_EQ(test, 0, address_of(of_multi));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	iokmem_dma_put(dma);
}

/* Memory that nobody holds may move. */
static void import_may_move_while_it_is_not_held(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_MOVES);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	int i;

	for (i = 0; i < 3; i++) {
		take_back(from);
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
		KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	}
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
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), EXPORTER_PAGES * PAGE_SIZE, 0));
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
		KUNIT_ASSERT_EQ(test, 0, touch(address_of(m) + i));
		KUNIT_EXPECT_EQ(test, combined, entry_of(current->mm, address_of(m) + i).cache);
		KUNIT_EXPECT_EQ(test, combined, kernel_entry_of(address_of(own) + i).cache);
	}
	/* A request for the exporter's type succeeds. The importer cannot change the type. */
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
	KUNIT_EXPECT_PTR_EQ(test, from->bytes, (u8 *)address_of(m));
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, touch(address_of(m) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(RESERVED_START) + 1,
			entry_of(current->mm, address_of(m) + PAGE_SIZE).pfn);
	if (!entries_have_types())
		return;
	KUNIT_EXPECT_EQ(test, uncached, iokmem_desc_get_cache_mode(desc));
	KUNIT_EXPECT_EQ(test, uncached, entry_of(current->mm, address_of(m) + PAGE_SIZE).cache);
}

static void import_of_unusable_dma_bufs_is_refused(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_EMPTY);
	struct iokmem_desc *desc;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EINVAL, import_error(from->dmabuf, INOUT));

	/*
	 * Memory that the exporter does not let programs map cannot be mapped by way of the
	 * descriptor.
	 */
	from = exporter(test, EXPORTER_NO_MMAP);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, import_error(from->dmabuf, 4));
	desc = import(test, from->dmabuf, INOUT);
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE,
					   0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE,
						     0, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

/* Nobody but devices can see it. */
static void import_without_a_kernel_address_is_for_devices(struct kunit *test)
{
	static const struct iokmem_dma_specification anything;
	struct exporter *from = exporter(test, EXPORTER_NO_VMAP);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT), *sub, *other;
	struct iokmem_dma_segment segment;
	struct iokmem_dma *dma;
	size_t offset = 0, length = 1;
	unsigned int nr = 1;
	phys_addr_t address;
	u64 pages;
	u8 byte = 5;

	attach_address_space(test);
	sub = keep_desc(test, iokmem_sub_with_sub_range(desc, PAGE_SIZE, PAGE_SIZE, INOUT));
	dma = iokmem_dma_with_specification(dma_device(test, "iokmem-dma"), &anything);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, sub, true));
	KUNIT_EXPECT_EQ(test, 1, from->mapped);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, page_to_phys(from->pages[1]), segment.address);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, OUT));
	KUNIT_EXPECT_EQ(test, 1, from->accesses);

	/* The memory is held now, and still nobody else can see it. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_read_bytes(dma, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_write_bytes(dma, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_read_bytes(sub, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			iokmem_desc_get_physical_segment(desc, 0, &address, &length));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_get_page_counts(desc, &pages, NULL));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			iokmem_desc_perform_operation(desc, IOKMEM_INCOHERENT_IO_STORE, 0, 1));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						     IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(sub, current, 0, IOKMEM_MAP_ANYWHERE |
						     IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
						     IOKMEM_MAP_PINNABLE, 0, 0));
	other = iokmem_multi_with_descriptors(&desc, 1, INOUT);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR_OR_ZERO(other));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, export_error(sub, 0));
	KUNIT_EXPECT_PTR_EQ(test, from->dmabuf, export(test, desc, 0));
	KUNIT_EXPECT_FALSE(test, from->vmapped);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	iokmem_dma_put(dma);
}

static void import_that_is_read_only_is_only_read(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_READ_ONLY);
	struct iokmem_desc *desc;
	struct iokmem_map *m;
	u8 byte = 0;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(from->dmabuf, INOUT));
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(from->dmabuf, IN));
	KUNIT_EXPECT_EQ(test, -EACCES, import_error(from->dmabuf, NONE));
	desc = import(test, from->dmabuf, OUT);
	/* Its direction says it all. */
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, iokmem_map_get_options(m) & IOKMEM_MAP_READ_ONLY);
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(byte, (u8 __user *)address_of(m)));
	put_map_now(test, m);
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, iokmem_map_get_options(m) & IOKMEM_MAP_READ_ONLY);
	put_map_now(test, m);
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
	KUNIT_EXPECT_EQ(test, address_of(whole) + PAGE_SIZE, address_of(m));

	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	m = map(test, multi, current, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m) + PAGE_SIZE,
						 from->dmabuf->size, 0));
	put_map_now(test, m);

	/* All bytes are written, or none: the seam is between the second and the third. */
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

	/* Imported memory may have no pages. */
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
	KUNIT_EXPECT_EQ(test, 0, touch(address_of(m)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, desc, 0, 0));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), from->dmabuf->size, 0));
	KUNIT_EXPECT_EQ(test, 1, from->attached);
	if (entries_have_types())
		KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
				entry_of(current->mm, address_of(m)).cache);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, wired, 0, 0));
	KUNIT_EXPECT_FALSE(test, user_has_pattern(address_of(m), from->dmabuf->size, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

/* The exporter shows the memory to devices. */
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
	/* One attachment keeps the memory in place, the other one is the device's. */
	KUNIT_EXPECT_EQ(test, 2, from->attached);
	KUNIT_EXPECT_EQ(test, 1, from->mapped);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, page_to_phys(from->pages[1]) + 5, segment.address);
	KUNIT_EXPECT_EQ(test, 100, segment.length);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 1, from->accesses);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, OUT));
	KUNIT_EXPECT_EQ(test, 0, from->begun);

	/* Each access by the CPU begins and ends once. An error is returned. */
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

	/* A multi-descriptor cannot show it among pages of others. */
	multi = keep_desc(test, iokmem_multi_with_descriptors(&desc, 1, INOUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, multi, false));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
	iokmem_dma_put(dma);
}

/* The last segment would be missing. */
static void import_with_a_short_table_is_refused(struct kunit *test)
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

static void import_is_exported_as_its_own_dma_buf(struct kunit *test)
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

static int map_until_stopped(void *data)
{
	struct iokmem_desc *desc = data;
	struct iokmem_map *m = iokmem_desc_map(desc, 0);

	if (!IS_ERR(m))
		iokmem_map_put(m);
	while (!kthread_should_stop())
		msleep(20);
	return PTR_ERR_OR_ZERO(m);
}

/* Programs share the descriptor, so one whose import takes long must not make others wait. */
static void import_awaits_the_exporter_without_the_hold_lock(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = keep_desc(test, iokmem_desc_with_dma_buf(from->dmabuf, INOUT));
	struct task_struct *thread;
	struct completion delay;
	bool locked;

	init_completion(&delay);
	from->vmap_delay = &delay;
	thread = kthread_run(map_until_stopped, desc, "iokmem-mapper");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	while (!READ_ONCE(from->vmapped))
		msleep(20);
	locked = mutex_trylock(&desc->hold_lock);
	KUNIT_EXPECT_TRUE(test, locked);
	if (locked)
		mutex_unlock(&desc->hold_lock);
	complete_all(&delay);
	KUNIT_EXPECT_EQ(test, 0, kthread_stop(thread));
	from->vmap_delay = NULL;
	KUNIT_EXPECT_EQ(test, 0U, desc->held);
}

static struct kunit_case dmabuf_import_cases[] = {
	KUNIT_CASE_PARAM(import_of_an_export_is_the_descriptor, kind_gen_params),
	KUNIT_CASE(import_of_an_export_gives_no_more_than_that),
	KUNIT_CASE(import_shows_the_exporters_bytes),
	KUNIT_CASE(import_holds_the_memory_while_it_is_used),
	KUNIT_CASE(import_that_is_taken_back_is_revoked),
	KUNIT_CASE(import_may_move_while_it_is_not_held),
	KUNIT_CASE(import_keeps_the_dma_buf),
	KUNIT_CASE(import_has_the_exporters_memory_type),
	KUNIT_CASE(import_of_memory_of_devices_is_theirs),
	KUNIT_CASE(import_of_unusable_dma_bufs_is_refused),
	KUNIT_CASE(import_without_a_kernel_address_is_for_devices),
	KUNIT_CASE(import_that_is_read_only_is_only_read),
	KUNIT_CASE(import_copes_with_an_exporter_that_refuses),
	KUNIT_CASE(import_is_part_of_other_descriptors),
	KUNIT_CASE(import_is_redirected_to),
	KUNIT_CASE(import_is_shown_to_devices_by_the_exporter),
	KUNIT_CASE(import_with_a_short_table_is_refused),
	KUNIT_CASE(import_is_exported_as_its_own_dma_buf),
	KUNIT_CASE(import_awaits_the_exporter_without_the_hold_lock),
	{}
};

static struct kunit_suite dmabuf_import_suite = {
	.name = "iokmem_dmabuf_import",
	.test_cases = dmabuf_import_cases,
};

kunit_test_suite(dmabuf_import_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * Revoking descriptors: nothing of a revoked descriptor is in use, or can be used again, and
 * memory of a device goes when the device's driver leaves.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/kthread.h>

#include "dma_helpers.h"
#include "exporter.h"
#include "page/compat.h"

/* Return a descriptor of the kind that can be revoked: of a sub-descriptor, the parent. */
static struct iokmem_desc *make_revocable(struct kunit *test)
{
	return iokmem_desc_owner(make_kind(test, test->param_value));
}

static void revoke(struct kunit *test, struct iokmem_desc *desc)
{
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_revoke(desc));
	KUNIT_EXPECT_EQ(test, 0U, READ_ONCE(desc->nr_maps));
	KUNIT_EXPECT_EQ(test, 0U, READ_ONCE(desc->nr_mapped));
}

static void revoke_ends_all_maps_in_a_task(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_revocable(test);
	struct iokmem_map *whole, *part, *unique;
	unsigned long address, other;

	if (kind->no_user_map)
		kunit_skip(test, "no user maps");
	whole = map(test, desc, current, 0, 0, 0);
	part = map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE);
	unique = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	address = address_of(whole);
	other = address_of(unique);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address));
	KUNIT_ASSERT_EQ(test, 0UL, touch(other));

	revoke(test, desc);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(whole));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(part));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(unique));
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, other).present);
	KUNIT_EXPECT_EQ(test, 1UL, touch(other));
	/* Memory of the task itself was mapped where the task has it anyway. */
	if (whole->mapping->borrowed)
		return;
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address).present);
	KUNIT_EXPECT_EQ(test, 1UL, touch(address));
	/* The addresses stay reserved until the task itself unmaps them. */
	mmap_read_lock(current->mm);
	KUNIT_EXPECT_NOT_NULL(test, vma_lookup(current->mm, address));
	mmap_read_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address & PAGE_MASK, PAGE_SIZE * pages_of(whole)));
}

static void revoke_leaves_nothing_to_ask_for(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_revocable(test);
	size_t length = 1;
	phys_addr_t address;
	u8 byte = 5;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	revoke(test, desc);
	KUNIT_EXPECT_EQ(test, -ENODEV, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0));
	if (!kind->no_user_map)
		KUNIT_EXPECT_EQ(test, -ENODEV, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
							 IOKMEM_MAP_UNIQUE, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			iokmem_desc_get_physical_segment(desc, 0, &address, &length));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
	/* The caller completes its preparation, as usual. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	if (!kind->not_counted)
		KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_revoke(desc));
}

static void revoke_completes_dma_commands(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_revocable(test);
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	struct iokmem_desc *other = buffer(test, NULL, SZ_16K, 0);
	struct iokmem_dma_segment segment;
	unsigned int nr = 1, held = desc->held;
	size_t offset = 0;

	if (kind->device_error)
		kunit_skip(test, "other devices cannot see it");
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_ASSERT_EQ(test, held + 1, desc->held);
	revoke(test, desc);
	KUNIT_EXPECT_EQ(test, held, desc->held);
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_prepare(dma, 0, 0));
	/* The command itself is good for other memory. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, other, true));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

static void revoke_of_part_of_the_memory_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0), *sub;
	struct iokmem_map *m;

	sub = keep_desc(test, iokmem_sub_with_sub_range(desc, PAGE_SIZE, PAGE_SIZE, INOUT));
	m = map(test, sub, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_revoke(sub));
	KUNIT_EXPECT_NE(test, 0UL, address_of(m));
	/* But a sub-descriptor goes with its parent. */
	revoke(test, desc);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, -ENODEV, map_error(sub, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_prepare(sub, NONE));
}

static void revoke_of_a_member_revokes_the_whole(struct kunit *test)
{
	struct iokmem_desc *member = buffer(test, NULL, PAGE_SIZE, 0);
	struct iokmem_desc *other = buffer(test, NULL, PAGE_SIZE, 0);
	struct iokmem_desc *members[] = { member, other, member }, *multi;
	struct iokmem_map *of_multi, *of_other;

	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 3, INOUT));
	of_multi = map(test, multi, IOKMEM_KERNEL_TASK, 0, 0, 0);
	of_other = map(test, other, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(multi, NONE));

	revoke(test, member);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(of_multi));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_prepare(multi, NONE));
	KUNIT_EXPECT_NE(test, 0UL, address_of(of_other));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(multi, NONE));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(iokmem_multi_with_descriptors(members, 3, INOUT)));
}

static void revoke_of_the_whole_leaves_the_members(struct kunit *test)
{
	struct iokmem_desc *member = buffer(test, NULL, PAGE_SIZE, 0), *multi;
	struct iokmem_map *m = map(test, member, IOKMEM_KERNEL_TASK, 0, 0, 0);

	multi = keep_desc(test, iokmem_multi_with_descriptors(&member, 1, INOUT));
	revoke(test, multi);
	KUNIT_EXPECT_NE(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(member, NONE));
	/* A multi-descriptor that has gone is not told. */
	multi = iokmem_multi_with_descriptors(&member, 1, INOUT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, multi);
	iokmem_desc_put(multi);
	revoke(test, member);
}

static void count_call(void *data)
{
	(*(int *)data)++;
}

static const struct iokmem_holder_ops count_calls = {
	.revoke	= count_call,
};

static void revoke_tells_the_holders(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	struct iokmem_holder holder;
	int calls = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &count_calls, &calls));
	revoke(test, desc);
	KUNIT_EXPECT_EQ(test, 1, calls);
	iokmem_holder_remove(&holder);
}

static void revoke_ends_maps_that_show_the_memory_by_redirect(struct kunit *test)
{
	struct iokmem_desc *made_of = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m, *other;

	attach_address_space(test);
	m = map(test, made_of, current, IOKMEM_MAP_UNIQUE, 0, 0);
	other = map(test, made_of, current, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, desc, 0, 0));
	revoke(test, desc);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, 0UL, touch(address_of(other)));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_map_redirect(other, desc, 0, 0));
	KUNIT_EXPECT_EQ(test, 0UL, touch(address_of(other)));
}

static void revoke_ends_a_map_that_is_blocked(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;
	unsigned long address;

	attach_address_space(test);
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	address = address_of(m);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	revoke(test, desc);
	/* Nobody waits for it. */
	KUNIT_EXPECT_EQ(test, 1UL, touch(address));
	KUNIT_EXPECT_EQ(test, -ENOENT, iokmem_map_redirect(m, desc, 0, 0));
}

static int attach_error(struct dma_buf *dmabuf, struct device *dev)
{
	return PTR_ERR_OR_ZERO(dma_buf_attach(dmabuf, dev));
}

static void revoke_stops_a_dma_buf_from_being_mapped_again(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct dma_buf_attachment *attachment;
	struct dma_buf *dmabuf;
	struct sg_table *table;

	dmabuf = iokmem_desc_get_dma_buf(desc, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	attachment = dma_buf_attach(dmabuf, device(test));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attachment);
	table = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_revoke(desc));
	/* The device keeps its mapping until its driver unmaps it. */
	dma_buf_unmap_attachment_unlocked(attachment, table, DMA_BIDIRECTIONAL);
	table = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(table));
	KUNIT_EXPECT_EQ(test, -ENODEV, dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL));
	dma_buf_detach(dmabuf, attachment);
	KUNIT_EXPECT_EQ(test, -ENODEV, attach_error(dmabuf, device_named(test, "iokmem-other")));
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(iokmem_desc_get_dma_buf(desc, 0)));
	dma_buf_put(dmabuf);
}

/* A driver that lets others take the memory back, and counts how often they do. */
static void count_invalidation(struct dma_buf_attachment *attachment)
{
	dma_resv_assert_held(attachment->dmabuf->resv);
	count_call(attachment->importer_priv);
}

static const struct dma_buf_attach_ops count_invalidations = {
	.invalidate_mappings	= count_invalidation,
};

static void revoke_tells_importers_of_dma_bufs(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0), *exported[3];
	struct dma_buf_attachment *attachments[3];
	struct device *dev = device(test);
	int calls[3] = {}, i;

	exported[0] = desc;
	exported[1] = keep_desc(test, iokmem_sub_with_sub_range(desc, PAGE_SIZE, PAGE_SIZE, INOUT));
	exported[2] = keep_desc(test, iokmem_multi_with_descriptors(exported, 2, INOUT));
	for (i = 0; i < 3; i++) {
		struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(exported[i], 0);

		keep_dma_buf(test, dmabuf);
		attachments[i] = dma_buf_dynamic_attach(dmabuf, dev, &count_invalidations,
							&calls[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attachments[i]);
	}
	revoke(test, desc);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 1, calls[i]);
		dma_buf_detach(attachments[i]->dmabuf, attachments[i]);
	}
}

/* A thread that exports a descriptor, until that fails. */
struct exports {
	struct iokmem_desc *desc;
	int nr;
	int err;
};

static int export_again_and_again(void *data)
{
	struct exports *exports = data;

	while (!exports->err) {
		struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(exports->desc, 0);

		exports->err = PTR_ERR_OR_ZERO(dmabuf);
		if (!IS_ERR(dmabuf))
			dma_buf_put(dmabuf);
		flush_delayed_fput();
		WRITE_ONCE(exports->nr, exports->nr + 1);
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void revoke_bears_dma_bufs_that_go(struct kunit *test)
{
	struct task_struct *thread;
	int i;

	for (i = 0; i < 20; i++) {
		struct exports exports = { .desc = buffer(test, NULL, SZ_64K, 0) };

		thread = kthread_run(export_again_and_again, &exports, "iokmem-exports");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
		while (READ_ONCE(exports.nr) < 5)
			cond_resched();
		revoke(test, exports.desc);
		kthread_stop(thread);
		KUNIT_EXPECT_EQ(test, -ENODEV, exports.err);
	}
}

/* A thread that uses a descriptor. */
struct visitor {
	struct iokmem_desc *desc;
	int visits;
	int err;
};

/* Maps a descriptor once. */
static int map_once(void *data)
{
	struct visitor *visitor = data;
	struct iokmem_map *m;

	m = iokmem_desc_map(visitor->desc, 0);
	visitor->err = PTR_ERR_OR_ZERO(m);
	if (!IS_ERR(m))
		iokmem_map_put(m);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Revokes a descriptor. */
static int revoke_once(void *data)
{
	struct visitor *visitor = data;

	iokmem_desc_revoke(visitor->desc);
	WRITE_ONCE(visitor->visits, 1);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void revoke_does_not_wait_for_who_waits_for_the_memory(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *registers, *imported, *members[2], *multi;
	struct visitor mapper = {}, revoker = {};
	struct task_struct *threads[2];
	struct completion delay;
	int i;

	imported = keep_desc(test, iokmem_desc_with_dma_buf(from->dmabuf, INOUT));
	registers = buffer(test, NULL, PAGE_SIZE, 0);
	members[0] = imported;
	members[1] = registers;
	multi = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	/* The exporter takes its time, as with a fence that does not come. */
	init_completion(&delay);
	from->vmap_delay = &delay;
	mapper.desc = multi;
	revoker.desc = registers;
	threads[0] = kthread_run(map_once, &mapper, "iokmem-mapper");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, threads[0]);
	while (!READ_ONCE(from->vmapped))
		msleep(20);
	threads[1] = kthread_run(revoke_once, &revoker, "iokmem-revoker");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, threads[1]);
	for (i = 0; i < 100 && !READ_ONCE(revoker.visits); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 1, READ_ONCE(revoker.visits));
	complete_all(&delay);
	for (i = 0; i < 2; i++)
		kthread_stop(threads[i]);
	KUNIT_EXPECT_EQ(test, -ENODEV, mapper.err);
	KUNIT_EXPECT_EQ(test, 0U, READ_ONCE(multi->nr_mapped));
	KUNIT_EXPECT_EQ(test, 0U, READ_ONCE(multi->nr_awaiting));
}

/* Maps a descriptor, looks and unmaps, until that fails. */
static int visit(void *data)
{
	struct visitor *visitor = data;

	while (!visitor->err) {
		struct iokmem_map *m;

		m = iokmem_desc_map(visitor->desc, visitor->visits & 1 ? 0 : IOKMEM_MAP_UNIQUE);
		visitor->err = PTR_ERR_OR_ZERO(m);
		if (!IS_ERR(m))
			iokmem_map_put(m);
		WRITE_ONCE(visitor->visits, visitor->visits + 1);
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void revoke_bears_threads_that_map(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct visitor visitors[3] = {};
	struct task_struct *threads[3];
	int i;

	for (i = 0; i < 3; i++) {
		visitors[i].desc = desc;
		threads[i] = kthread_run(visit, &visitors[i], "iokmem-visitor");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, threads[i]);
	}
	for (i = 0; i < 3; i++)
		while (READ_ONCE(visitors[i].visits) < 20)
			msleep(20);
	revoke(test, desc);
	for (i = 0; i < 3; i++)
		kthread_stop(threads[i]);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, -ENODEV, visitors[i].err);
}

static void revoke_comes_when_the_driver_of_coherent_memory_leaves(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_dma *dma = command(test, dev, &anything);
	struct iokmem_desc *desc;
	struct iokmem_map *user, *kernel;
	unsigned long address;
	dma_addr_t bus;
	u8 byte = 5;

	desc = keep_desc(test, iokmem_buffer_coherent(dev, INOUT, SZ_16K));
	attach_address_space(test);
	user = map(test, desc, current, 0, 0, 0);
	kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	address = address_of(user);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));

	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, 1UL, touch(address));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(user));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(kernel));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_buffer_get_dma_address(desc, &bus));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_revoke(desc));
}

static void revoke_leaves_nothing_of_coherent_memory_to_its_device(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc;
	int i;

	/* Descriptors that go before the driver leave nothing behind. */
	for (i = 0; i < 3; i++) {
		desc = iokmem_buffer_coherent(dev, INOUT, SZ_16K);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
		iokmem_desc_put(desc);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	desc = keep_desc(test, iokmem_buffer_coherent(dev, INOUT, SZ_16K));
	KUNIT_EXPECT_FALSE(test, list_empty(&dev->devres_head));
	revoke(test, desc);
	put_buffer_now(test, desc);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
}

static void revoke_comes_when_the_driver_of_registers_leaves(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc, *multi;
	struct iokmem_map *m, *of_multi;
	unsigned long address;
	u8 byte;

	need_reserved(test);
	desc = keep_desc(test, iokmem_device_memory_with_range(dev, RESERVED_START, SZ_16K, INOUT));
	multi = keep_desc(test, iokmem_multi_with_descriptors(&desc, 1, INOUT));
	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	of_multi = map(test, multi, current, 0, 0, 0);
	address = address_of(m);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));

	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(of_multi));
	KUNIT_EXPECT_EQ(test, 1UL, touch(address));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -ENODEV, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0));
	/* The range can be had again, with another cache mode. */
	keep_desc(test, iokmem_desc_with_physical_address(RESERVED_START, SZ_16K, INOUT |
						IOKMEM_MAP_WRITE_COMBINE_CACHE));
}

/* A thread that describes memory of a device, again and again until the driver has left. */
struct maker {
	struct device *dev;
	int made;
	bool gone;
	struct iokmem_desc *desc;
};

static int make_device_memory(void *data)
{
	struct maker *maker = data;
	struct iokmem_desc *desc = NULL;

	do {
		if (desc)
			iokmem_desc_put(desc);
		desc = iokmem_device_memory_with_range(maker->dev, RESERVED_START, SZ_4M, INOUT);
		WRITE_ONCE(maker->made, maker->made + 1);
	} while (!IS_ERR(desc) && !iokmem_desc_check_revoked(desc) && !READ_ONCE(maker->gone));
	maker->desc = desc;
	while (!kthread_should_stop())
		usleep_range(500, 1000);
	return 0;
}

static void revoke_misses_no_memory_that_is_being_made(struct kunit *test)
{
	int i;

	need_reserved(test);
	for (i = 0; i < 50; i++) {
		struct maker maker = { .dev = get_device(device(test)) };
		struct task_struct *thread;
		struct iokmem_desc *desc;

		thread = kthread_run(make_device_memory, &maker, "iokmem-maker");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
		while (READ_ONCE(maker.made) < 3)
			usleep_range(500, 1000);
		kunit_device_unregister(test, maker.dev);
		WRITE_ONCE(maker.gone, true);
		kthread_stop(thread);
		desc = maker.desc;
		if (IS_ERR(desc)) {
			KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR(desc));
		} else {
			/* It was described before the driver left, or after that. */
			if (iokmem_desc_check_revoked(desc))
				KUNIT_EXPECT_EQ(test, 0UL, iokmem_desc_kernel_address(desc, 0, 1));
			put_buffer_now(test, keep_desc(test, desc));
		}
		put_device(maker.dev);
	}
}

static void revoke_of_device_memory_needs_a_device(struct kunit *test)
{
	struct iokmem_desc *desc;

	desc = iokmem_device_memory_with_range(NULL, RESERVED_START, SZ_16K, INOUT);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(desc));
	desc = iokmem_device_memory_with_range(device(test), RESERVED_START, 0, INOUT);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(desc));
}

static struct kunit_case revoke_cases[] = {
	KUNIT_CASE_PARAM(revoke_ends_all_maps_in_a_task, kind_gen_params),
	KUNIT_CASE_PARAM(revoke_leaves_nothing_to_ask_for, kind_gen_params),
	KUNIT_CASE_PARAM(revoke_completes_dma_commands, kind_gen_params),
	KUNIT_CASE(revoke_of_part_of_the_memory_is_refused),
	KUNIT_CASE(revoke_of_a_member_revokes_the_whole),
	KUNIT_CASE(revoke_of_the_whole_leaves_the_members),
	KUNIT_CASE(revoke_tells_the_holders),
	KUNIT_CASE(revoke_ends_maps_that_show_the_memory_by_redirect),
	KUNIT_CASE(revoke_ends_a_map_that_is_blocked),
	KUNIT_CASE(revoke_stops_a_dma_buf_from_being_mapped_again),
	KUNIT_CASE(revoke_does_not_wait_for_who_waits_for_the_memory),
	KUNIT_CASE(revoke_tells_importers_of_dma_bufs),
	KUNIT_CASE(revoke_bears_dma_bufs_that_go),
	KUNIT_CASE(revoke_bears_threads_that_map),
	KUNIT_CASE(revoke_comes_when_the_driver_of_coherent_memory_leaves),
	KUNIT_CASE(revoke_leaves_nothing_of_coherent_memory_to_its_device),
	KUNIT_CASE(revoke_comes_when_the_driver_of_registers_leaves),
	KUNIT_CASE(revoke_misses_no_memory_that_is_being_made),
	KUNIT_CASE(revoke_of_device_memory_needs_a_device),
	{}
};

static struct kunit_suite revoke_suite = {
	.name = "iokmem_revoke",
	.test_cases = revoke_cases,
};

kunit_test_suite(revoke_suite);

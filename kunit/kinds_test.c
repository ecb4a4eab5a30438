// SPDX-License-Identifier: GPL-2.0
/*
 * The contract that every kind of memory keeps, by its four groups of operations:
 *
 *	store	preparations, physical segments, page counts, cache modes
 *	show	maps of the kernel and of tasks, pinnable ones, lifetime
 *	bytes	reading, writing, all or nothing
 *	device	DMA commands
 *
 * Purgeable states are in pageable_test.c, for every kind, too.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/uaccess.h>

#include "kinds.h"

static void prepare(struct kunit *test, struct iokmem_desc *desc)
{
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
}

static void kind_has_the_bytes_that_were_written(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t length = iokmem_desc_get_length(desc), at, n = 1;
	u8 *in = scratch(test, length), *out = scratch(test, length);

	prepare(test, desc);
	/* Memory is zero at first, except for reserved memory, so zero it here. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, NULL, length));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, out, length));
	KUNIT_EXPECT_NULL(test, memchr_inv(out, 0, length));

	/* Write and read in pieces of all sizes, which cross all boundaries. */
	fill_bytes(in, length);
	for (at = 0; at < length; at += n, n = n * 3 + 1)
		KUNIT_EXPECT_EQ(test, 0,
				iokmem_desc_write_bytes(desc, at, in + at,
							min(n, length - at)));
	for (at = 0, n = 7; at < length; at += n, n = n * 2 + 1)
		KUNIT_EXPECT_EQ(test, 0,
				iokmem_desc_read_bytes(desc, at, out + at,
						       min(n, length - at)));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, length, 0));

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 5, NULL, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, out, length));
	KUNIT_EXPECT_NULL(test, memchr_inv(out + 5, 0, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 5, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern(out + 5 + PAGE_SIZE, length - 5 - PAGE_SIZE,
					    5 + PAGE_SIZE));
}

static void kind_copies_all_bytes_or_none(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = scratch(test, length + 1);

	prepare(test, desc);
	write_pattern(test, desc);
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_write_bytes(desc, 0, bytes, length + 1));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_write_bytes(desc, 1, bytes, length));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_write_bytes(desc, length, bytes, 1));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_write_bytes(desc, length + 1, bytes, 0));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_desc_write_bytes(desc, SIZE_MAX, bytes, 2));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_read_bytes(desc, 0, bytes, length + 1));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_desc_read_bytes(desc, 2, bytes, SIZE_MAX));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, length + 1));

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, length, bytes, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, bytes, length));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, length, 0));
}

static int segment_error(struct iokmem_desc *desc, size_t offset)
{
	size_t length = 77;
	phys_addr_t address = 77;
	int err;

	err = iokmem_desc_get_physical_segment(desc, offset, &address, &length);
	/* An error must leave both results unchanged. */
	if (err && (address != 77 || length != 77))
		return -EUCLEAN;
	return err;
}

static void kind_is_ready_only_while_prepared(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	int unready = kind->no_segments ? -EOPNOTSUPP :
		      kind->comes_and_goes ? -EBADFD : 0;
	int ready = kind->no_segments ? -EOPNOTSUPP : 0;
	int bytes = kind->needs_prepare ? -EBADFD : 0;
	u8 byte = 5;

	/* The first member of the multi-descriptor is always there. */
	if (!strcmp(kind->name, "multi"))
		unready = 0;
	KUNIT_EXPECT_EQ(test, unready, segment_error(desc, 0));
	KUNIT_EXPECT_EQ(test, bytes, iokmem_desc_read_bytes(desc, 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, bytes, iokmem_desc_write_bytes(desc, 1, &byte, 1));

	prepare(test, desc);
	KUNIT_EXPECT_EQ(test, ready, segment_error(desc, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 1, &byte, 1));

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, unready, segment_error(desc, 0));
	KUNIT_EXPECT_EQ(test, bytes, iokmem_desc_read_bytes(desc, 1, &byte, 1));
}

static void kind_counts_preparations(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	int extra = kind->not_counted ? 0 : -EBADFD, i;

	KUNIT_EXPECT_EQ(test, extra, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_prepare(desc, 4));
	KUNIT_EXPECT_EQ(test, extra, iokmem_desc_complete(desc, NONE));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, i));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_complete(desc, 4));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, extra, iokmem_desc_complete(desc, NONE));

	/* Putting the last user completes preparations that are left. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
}

static void kind_prepared_for_reading_is_not_written(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	bool always = !kind->comes_and_goes || kind->held_to_write;
	u8 byte = 5;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_OUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_OUT));
	KUNIT_EXPECT_EQ(test, always ? 0 : -EACCES,
			iokmem_desc_prepare(desc, IOKMEM_DIRECTION_IN));
	KUNIT_EXPECT_EQ(test, always ? 0 : -EACCES,
			iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	if (kind->needs_prepare && !always)
		KUNIT_EXPECT_EQ(test, -EACCES,
				iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	if (always)
		return;

	/* Memory that is prepared for writing can also be prepared for reading. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_OUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, &byte, 1));
}

/* Check physical memory. @mapped: it is in the kernel's map of all memory. */
static bool physical_has_pattern(phys_addr_t address, size_t length, size_t first,
				 bool mapped)
{
	void *bytes;
	bool same;

	if (mapped)
		return has_pattern(phys_to_virt(address), length, first);
	bytes = (void __force *)ioremap(address, length);
	same = bytes && has_pattern(bytes, length, first);
	iounmap((void __iomem __force *)bytes);
	return same;
}

/* Every byte is in exactly one segment, at the address that the segment says. */
static void kind_segments_are_where_the_bytes_are(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t whole = iokmem_desc_get_length(desc), offset = 0, length;
	phys_addr_t address;

	if (kind->no_segments)
		kunit_skip(test, "it has none");
	prepare(test, desc);
	write_pattern(test, desc);
	while (offset < whole) {
		KUNIT_ASSERT_EQ(test, 0,
				iokmem_desc_get_physical_segment(desc, offset, &address,
								 &length));
		KUNIT_ASSERT_GT(test, length, 0);
		KUNIT_ASSERT_LE(test, length, whole - offset);
		KUNIT_EXPECT_TRUE_MSG(test, physical_has_pattern(address, length, offset,
								 !kind->no_counts),
				      "from %zu on", offset);
		offset += length;
	}
	KUNIT_EXPECT_EQ(test, -ERANGE, segment_error(desc, whole));
	KUNIT_EXPECT_EQ(test, -ERANGE, segment_error(desc, SIZE_MAX));
}

static void kind_has_page_counts(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	u64 pages = 0, dirty = 77;

	if (kind->no_counts) {
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				iokmem_desc_get_page_counts(desc, &pages, &dirty));
		KUNIT_EXPECT_EQ(test, 77, dirty);
		return;
	}
	if (kind->needs_prepare)
		KUNIT_EXPECT_EQ(test, -EBADFD,
				iokmem_desc_get_page_counts(desc, &pages, &dirty));
	prepare(test, desc);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &pages, &dirty));
	KUNIT_EXPECT_GE(test, pages, DIV_ROUND_UP(KIND_LENGTH, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, pages, dirty);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_page_counts(desc, NULL, NULL));
}

static void kind_performs_operations(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t length = iokmem_desc_get_length(desc);
	u32 operation;

	prepare(test, desc);
	write_pattern(test, desc);
	for (operation = IOKMEM_INCOHERENT_IO_FLUSH;
	     operation <= IOKMEM_INCOHERENT_IO_STORE; operation++) {
		KUNIT_EXPECT_EQ(test, 0, iokmem_desc_perform_operation(desc, operation, 0,
								       length));
		KUNIT_EXPECT_EQ(test, 0, iokmem_desc_perform_operation(desc, operation, 77,
								       length - 77));
		KUNIT_EXPECT_EQ(test, 0, iokmem_desc_perform_operation(desc, operation,
								       length, 0));
		KUNIT_EXPECT_EQ(test, -ERANGE,
				iokmem_desc_perform_operation(desc, operation, 1, length));
		KUNIT_EXPECT_EQ(test, -EOVERFLOW,
				iokmem_desc_perform_operation(desc, operation, SIZE_MAX, 2));
	}
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_perform_operation(desc, 0, 0, 1));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_perform_operation(desc, 50, 0, 1));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	if (kind->needs_prepare)
		KUNIT_EXPECT_EQ(test, -EBADFD,
				iokmem_desc_perform_operation(desc, --operation, 0, 1));
}

static void kind_keeps_tag_and_direction(struct kunit *test)
{
	struct iokmem_desc *desc = make_kind(test, test->param_value);

	KUNIT_EXPECT_EQ(test, IOKMEM_DIRECTION_INOUT, iokmem_desc_get_direction(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_tag(desc));
	iokmem_desc_set_tag(desc, 77);
	KUNIT_EXPECT_EQ(test, 77, iokmem_desc_get_tag(desc));
	KUNIT_EXPECT_GE(test, iokmem_desc_get_length(desc), KIND_LENGTH);
}

static void kind_is_mapped_into_the_kernel(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t length = iokmem_desc_get_length(desc);
	struct iokmem_map *m, *own;
	u8 *bytes, byte = 0;

	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, length, iokmem_map_get_length(m));
	bytes = (u8 *)address_of(m);

	/* A kernel mapping never faults, even if the memory is not prepared. */
	pagefault_disable();
	fill_bytes(bytes, length);
	pagefault_enable();
	prepare(test, desc);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, length - 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, pattern(length - 1), byte);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));

	KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0));
	own = map(test, desc, IOKMEM_KERNEL_TASK, 0, PAGE_SIZE + 7, 100);
	KUNIT_EXPECT_EQ(test, address_of(m) + PAGE_SIZE + 7,
			address_of(own));

	if (kind->no_own_kernel_map) {
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				map_error(desc, IOKMEM_KERNEL_TASK, 0,
					  IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE, 0, 0));
		return;
	}
	own = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_NE(test, address_of(m), address_of(own));
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(own), length, 0));
	own = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_READ_ONLY, 9, 1000);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address_of(own)).write);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(own), 1000, 9));
}

static void kind_is_mapped_into_a_task(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t length = iokmem_desc_get_length(desc);
	struct iokmem_map *m, *inside;
	u8 byte = 5;

	if (kind->no_user_map) {
		/* Even the task that owns the memory cannot have another mapping of it. */
		KUNIT_EXPECT_LT(test, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
						IOKMEM_MAP_UNIQUE, 0, 0), 0);
		KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
		return;
	}
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	prepare(test, desc);
	write_pattern(test, desc);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), length, 0));
	KUNIT_ASSERT_EQ(test, 0, put_user(byte, (u8 __user *)address_of(m) + length - 1));
	byte = 0;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, length - 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, 5, byte);
	put_map_now(test, m);

	m = map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), 1000, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(byte, (u8 __user *)address_of(m)));
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0));
	inside = map(test, desc, current, IOKMEM_MAP_READ_ONLY, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, address_of(m) + PAGE_SIZE, address_of(inside));
}

/* The memory lives as long as a map of it, even if all other references have been put. */
static void kind_lives_as_long_as_its_maps(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	size_t length = iokmem_desc_get_length(desc);
	struct iokmem_map *of_kernel, *of_task = NULL;
	bool is_window = desc->parent;
	u64 id;

	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	id = iokmem_map_get_memory_descriptor(of_kernel)->id;
	fill_bytes((u8 *)address_of(of_kernel), length);
	if (!kind->no_user_map)
		of_task = map(test, desc, current, 0, 0, 0);
	put_buffer_now(test, desc);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(of_kernel), length, 0));
	put_map_now(test, of_kernel);
	if (of_task) {
		KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(of_task), length, 0));
		put_map_now(test, of_task);
	}
	if (is_window)
		return;	/* its parent is kept by the test */
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

/* A thread that maps a descriptor once. */
struct twin {
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	struct completion done;
};

static int map_as_twin(void *data)
{
	struct twin *twin = data;

	twin->map = iokmem_desc_map(twin->desc, IOKMEM_MAP_UNIQUE);
	complete(&twin->done);
	return 0;
}

/* Only one of the threads pins what it has brought in. The other one lets it go. */
static void kind_is_held_by_two_who_bring_it_in_at_once(struct kunit *test)
{
	struct iokmem_desc *desc = make_kind(test, test->param_value);
	struct iokmem_desc *owner = desc->parent ? desc->parent : desc;
	struct twin twins[2] = {};
	int i;

	if (!owner->kind->store || !owner->kind->store->bring_in)
		kunit_skip(test, "its memory is always there");
	mutex_lock(&owner->hold_lock);
	for (i = 0; i < ARRAY_SIZE(twins); i++) {
		twins[i].desc = desc;
		init_completion(&twins[i].done);
		if (IS_ERR(kthread_run(map_as_twin, &twins[i], "iokmem-twin")))
			complete(&twins[i].done);
	}
	/* Until both wait for the lock. */
	msleep(100);
	mutex_unlock(&owner->hold_lock);
	for (i = 0; i < ARRAY_SIZE(twins); i++) {
		wait_for_completion(&twins[i].done);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, twins[i].map);
	}
	fill_bytes((u8 *)address_of(twins[0].map), iokmem_desc_get_length(desc));
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(twins[1].map),
					    iokmem_desc_get_length(desc), 0));
	for (i = 0; i < ARRAY_SIZE(twins); i++)
		iokmem_map_put(twins[i].map);
	KUNIT_EXPECT_EQ(test, 0U, READ_ONCE(desc->held));
	KUNIT_EXPECT_EQ(test, 0U, READ_ONCE(owner->held));
}

static bool desc_has_pattern(struct kunit *test, struct iokmem_desc *desc)
{
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = scratch(test, length);

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, bytes, length));
	return has_pattern(bytes, length, 0);
}

/* A map of another cache mode retypes all of the memory, or fails and changes nothing. */
static void kind_is_retyped_or_refuses(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	u32 mode = iokmem_desc_get_cache_mode(desc);
	u32 combined = IOKMEM_MAP_WRITE_COMBINE_CACHE;

	need_memory_types(test);
	prepare(test, desc);
	write_pattern(test, desc);
	if (!kind->combined_error && !kind->not_counted && mode != combined)
		KUNIT_EXPECT_EQ(test, -EBUSY,
				map_error(desc, IOKMEM_KERNEL_TASK, 0,
					  IOKMEM_MAP_ANYWHERE | combined, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));

	KUNIT_EXPECT_EQ(test, kind->combined_error,
			map_error(desc, IOKMEM_KERNEL_TASK, 0,
				  IOKMEM_MAP_ANYWHERE | combined, 0, 0));
	KUNIT_EXPECT_EQ(test, kind->combined_error ? mode : combined,
			iokmem_desc_get_cache_mode(desc));
	prepare(test, desc);
	KUNIT_EXPECT_TRUE(test, desc_has_pattern(test, desc));
}

static void kind_is_pinnable_or_refuses(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);

	KUNIT_EXPECT_EQ(test, kind->pinnable ? 0 : -EOPNOTSUPP,
			map_error(desc, current, 0,
				  IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, IOKMEM_KERNEL_TASK, 0,
				  IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE, 0, 0));
}

static void put_command(void *dma)
{
	iokmem_dma_put(dma);
}

static struct iokmem_dma *command_for(struct kunit *test, struct iokmem_desc *desc)
{
	static const struct iokmem_dma_specification anything;
	struct iokmem_dma *dma;

	dma = iokmem_dma_with_specification(device_named(test, "iokmem-other"), &anything);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_command, dma));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	return dma;
}

/* Count the bytes in the segments that a device is told. */
static size_t bytes_in_segments(struct kunit *test, struct iokmem_dma *dma)
{
	size_t offset = 0, length, sum = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_get_prepared_offset_and_length(dma, NULL,
									   &length));
	while (offset < length) {
		struct iokmem_dma_segment segment;
		unsigned int nr = 1;

		KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment,
								 &nr));
		sum += segment.length;
	}
	return sum;
}

static void kind_is_seen_by_a_device_or_refuses(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	struct iokmem_dma *dma = command_for(test, desc);
	size_t length = iokmem_desc_get_length(desc);
	u8 *bytes = scratch(test, length);

	KUNIT_ASSERT_EQ(test, kind->device_error, iokmem_dma_prepare(dma, 0, 0));
	if (kind->device_error) {
		KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));
		return;
	}
	KUNIT_EXPECT_EQ(test, length, bytes_in_segments(test, dma));
	fill_bytes(bytes, length);
	KUNIT_EXPECT_EQ(test, length, iokmem_dma_write_bytes(dma, 0, bytes, length));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IOKMEM_DIRECTION_OUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IOKMEM_DIRECTION_IN));
	memset(bytes, 0, length);
	KUNIT_EXPECT_EQ(test, length, iokmem_dma_read_bytes(dma, 0, bytes, length));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, length, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));

	/* Prepare a window that covers part of the first page and part of the second. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 77, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, bytes_in_segments(test, dma));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

/* Guard pages are a kind without memory. Every operation is refused, or does nothing. */
static void guard_is_a_kind_without_memory(struct kunit *test)
{
	struct iokmem_desc *desc;
	u64 resident = 77, dirty = 77;
	u8 byte = 5;

	attach_address_space(test);
	desc = keep_desc(test, iokmem_guard_with_size(2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, -EFAULT, segment_error(desc, 0));
	KUNIT_EXPECT_EQ(test, -ERANGE, segment_error(desc, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &resident, &dirty));
	KUNIT_EXPECT_EQ(test, 0, resident);
	KUNIT_EXPECT_EQ(test, 0, dirty);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			iokmem_desc_set_purgeable(desc, IOKMEM_PURGEABLE_KEEP_CURRENT,
						  NULL));

	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 2 * PAGE_SIZE, &byte, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			iokmem_desc_perform_operation(desc, IOKMEM_INCOHERENT_IO_FLUSH, 0,
						      PAGE_SIZE));

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, current, 0,
				  IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));

	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_dma_prepare(command_for(test, desc), 0, 0));
}

static struct kunit_case kinds_cases[] = {
	KUNIT_CASE_PARAM(kind_has_the_bytes_that_were_written, kind_gen_params),
	KUNIT_CASE_PARAM(kind_copies_all_bytes_or_none, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_ready_only_while_prepared, kind_gen_params),
	KUNIT_CASE_PARAM(kind_counts_preparations, kind_gen_params),
	KUNIT_CASE_PARAM(kind_prepared_for_reading_is_not_written, kind_gen_params),
	KUNIT_CASE_PARAM(kind_segments_are_where_the_bytes_are, kind_gen_params),
	KUNIT_CASE_PARAM(kind_has_page_counts, kind_gen_params),
	KUNIT_CASE_PARAM(kind_performs_operations, kind_gen_params),
	KUNIT_CASE_PARAM(kind_keeps_tag_and_direction, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_mapped_into_the_kernel, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_mapped_into_a_task, kind_gen_params),
	KUNIT_CASE_PARAM(kind_lives_as_long_as_its_maps, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_held_by_two_who_bring_it_in_at_once, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_retyped_or_refuses, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_pinnable_or_refuses, kind_gen_params),
	KUNIT_CASE_PARAM(kind_is_seen_by_a_device_or_refuses, kind_gen_params),
	KUNIT_CASE(guard_is_a_kind_without_memory),
	{}
};

static struct kunit_suite kinds_suite = {
	.name = "iokmem_kinds",
	.test_cases = kinds_cases,
};

kunit_test_suite(kinds_suite);

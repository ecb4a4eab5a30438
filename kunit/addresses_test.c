// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of a task's addresses that are in maps of descriptors, and several ranges as one.
 * kinds_test.c has what such descriptors have in common with others.
 */
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "dmabuf_helpers.h"

#define SIZE	(5 * PAGE_SIZE)

/* Map a descriptor into the current task over @address. */
static struct iokmem_map *map_over(struct kunit *test, struct iokmem_desc *desc,
				   unsigned long address, size_t offset, size_t length)
{
	return keep_map(test, iokmem_desc_create_mapping_in_task(desc, current, address,
								 IOKMEM_MAP_OVERWRITE, offset,
								 length));
}

static void map_is_described_by_its_addresses(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind), *root = iokmem_desc_owner(desc), *part;
	struct iokmem_map *m, *km;
	unsigned int held;
	u8 byte = 0;

	if (kind->no_user_map)
		kunit_skip(test, "no user task can map it");
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	held = root->held;
	part = range(test, address_of(m) + 50, KIND_LENGTH - 50, INOUT);
	KUNIT_EXPECT_EQ(test, held, root->held);

	/* The memory is held, and no page of it is pinned. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(part, NONE));
	KUNIT_EXPECT_EQ(test, held + 1, root->held);
	if (!kind->no_segments)
		KUNIT_EXPECT_EQ(test, pfn_of(root, iokmem_map_get_offset(m) + 50),
				pfn_of(root, part->start));

	/* It is the memory that the map shows. */
	fill_user(test, address_of(m), KIND_LENGTH);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, part, 50));
	KUNIT_EXPECT_EQ(test, IOKMEM_CLASS_GENERAL, iokmem_desc_get_class(part));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(part, PAGE_SIZE, &byte, 1));
	byte = 77;
	KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)address_of(m) + PAGE_SIZE + 50));
	KUNIT_EXPECT_EQ(test, 0, byte);

	/* Its maps are the descriptor's. */
	km = map(test, part, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, root, iokmem_map_get_memory_descriptor(km));
	KUNIT_EXPECT_EQ(test, iokmem_map_get_offset(m) + 50, iokmem_map_get_offset(km));
	KUNIT_EXPECT_EQ(test, pattern(100), ((u8 *)address_of(km))[50]);
	KUNIT_EXPECT_PTR_EQ(test, km, map(test, desc, IOKMEM_KERNEL_TASK, 0, 50,
					  KIND_LENGTH - 50));
	put_map_now(test, km);

	/* Its preparations are its own. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(part, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_desc_complete(part, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
}

static void map_that_is_gone_leaves_its_memory(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind), *part;
	struct iokmem_map *m;

	if (kind->no_user_map)
		kunit_skip(test, "no user task can map it");
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	fill_user(test, address_of(m), KIND_LENGTH);
	part = range(test, address_of(m), KIND_LENGTH, INOUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(part, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_unmap(m));
	put_map_now(test, m);
	put_buffer_now(test, desc);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, part, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(part, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(part, NONE));
	if (!kind->needs_prepare)
		KUNIT_EXPECT_TRUE(test, reads_pattern(test, part, 0));
}

static void map_is_shared_with_those_of_its_addresses(struct kunit *test)
{
	struct iokmem_desc *desc, *part;
	struct iokmem_map *m, *inside;
	struct task_struct *other = start_process(test);

	attach_address_space(test);
	desc = buffer(test, NULL, SIZE, 0);
	m = map(test, desc, current, 0, 0, 0);
	part = range(test, address_of(m) + PAGE_SIZE, 2 * PAGE_SIZE, INOUT);

	/* In the task itself the addresses are the map's. */
	inside = map(test, part, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, address_of(m) + PAGE_SIZE, address_of(inside));
	KUNIT_EXPECT_PTR_EQ(test, whole_of(m), whole_of(inside));

	m = map(test, desc, other, 0, 0, 0);
	inside = map(test, part, other, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, address_of(m) + PAGE_SIZE, address_of(inside));
}

/* Own memory, two maps of two descriptors, and own memory again. */
static void map_may_be_part_of_the_addresses(struct kunit *test)
{
	struct iokmem_desc *a, *b, *desc;
	unsigned long address;
	struct iokmem_map *m;
	u8 byte = 0;

	attach_address_space(test);
	a = buffer(test, NULL, 2 * PAGE_SIZE, 0);
	b = buffer_with(test, NULL, IOKMEM_PAGEABLE, PAGE_SIZE, 0);
	address = user_memory(test, SIZE, false);
	map_over(test, a, address + PAGE_SIZE, 0, 0);
	map_over(test, b, address + 3 * PAGE_SIZE, 0, 0);
	fill_user(test, address, SIZE);
	desc = range(test, address + 33, SIZE - 66, INOUT);
	KUNIT_EXPECT_EQ(test, 0, a->held);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 1, a->held);
	KUNIT_EXPECT_EQ(test, 1, b->held);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 33));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 2 * PAGE_SIZE, &byte, 1));
	byte = 77;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(a, PAGE_SIZE + 33, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, byte);

	/* In its own task it is where it is; in the kernel it is one range. */
	KUNIT_EXPECT_EQ(test, address + 33, address_of(map(test, desc, current, 0, 0, 0)));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pattern(4 * PAGE_SIZE), ((u8 *)address_of(m))[4 * PAGE_SIZE - 33]);

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_EQ(test, pattern(4 * PAGE_SIZE), ((u8 *)address_of(m))[4 * PAGE_SIZE - 33]);
	KUNIT_EXPECT_EQ(test, pattern(PAGE_SIZE), ((u8 *)address_of(m))[PAGE_SIZE - 33]);
}

static void map_with_nothing_behind_it_is_not_prepared(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;

	attach_address_space(test);
	desc = buffer(test, NULL, 2 * PAGE_SIZE, 0);
	address = user_memory(test, SIZE, false);
	map_over(test, desc, address + PAGE_SIZE, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address + 3 * PAGE_SIZE, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			iokmem_desc_prepare(range(test, address + PAGE_SIZE, 2 * PAGE_SIZE + 1,
						  INOUT), NONE));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, 0,
			iokmem_desc_prepare(range(test, address, 3 * PAGE_SIZE, INOUT), NONE));
}

static void map_has_no_bytes_behind_its_memory(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *m;
	unsigned int users;

	attach_address_space(test);
	desc = buffer(test, NULL, PAGE_SIZE + 100, 0);
	m = map(test, desc, current, IOKMEM_MAP_GUARDED_SMALL, 0, 0);
	users = refcount_read(&desc->users);
	KUNIT_EXPECT_EQ(test, 0, range_error(address_of(m), PAGE_SIZE + 100, INOUT));
	KUNIT_EXPECT_EQ(test, -EFAULT, range_error(address_of(m), PAGE_SIZE + 101, INOUT));
	KUNIT_EXPECT_EQ(test, -EFAULT, range_error(address_of(m) + PAGE_SIZE + 100, 1, INOUT));
	KUNIT_EXPECT_EQ(test, -EFAULT, range_error(address_of(m) + 2 * PAGE_SIZE, 1, INOUT));
	KUNIT_EXPECT_EQ(test, -EFAULT, range_error(address_of(m) - 1, 2, INOUT));
	KUNIT_EXPECT_EQ(test, users, refcount_read(&desc->users));

	/* A map of a part shows whole pages of the memory. */
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 10, 5);
	KUNIT_EXPECT_EQ(test, 0, range_error(address_of(m) - 10, PAGE_SIZE, INOUT));
}

/* A prepared window is in memory, and the rest of the pageable memory need not be. */
static void map_of_what_is_prepared_is_filled(struct kunit *test)
{
	u32 options = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PREFAULT;
	struct iokmem_desc *desc, *part;
	unsigned long first;

	attach_address_space(test);
	desc = buffer_with(test, NULL, INOUT | IOKMEM_PAGEABLE, SIZE, 0);
	first = address_of(map(test, desc, current, 0, 0, 0));
	part = range(test, first + PAGE_SIZE, 2 * PAGE_SIZE, INOUT);
	KUNIT_EXPECT_EQ(test, -EBADFD, map_error(part, current, 0, options, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(part, NONE));
	map(test, part, current, IOKMEM_MAP_PREFAULT, 0, 0);
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, first + PAGE_SIZE).present);
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, first + 2 * PAGE_SIZE).present);
	KUNIT_EXPECT_EQ(test, -EBADFD, map_error(desc, current, 0, options, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(part, NONE));
	KUNIT_EXPECT_EQ(test, -EBADFD, map_error(part, current, 0, options, 0, 0));
}

static void map_that_has_ended_is_not_described(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;
	struct iokmem_map *m;

	attach_address_space(test);
	desc = buffer(test, NULL, SIZE, 0);
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	address = address_of(m);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, range_error(address, SIZE, INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, desc, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, range_error(address, SIZE, INOUT));

	KUNIT_ASSERT_EQ(test, 0, iokmem_map_unmap(m));
	KUNIT_EXPECT_EQ(test, -ENXIO, range_error(address, SIZE, INOUT));
	KUNIT_EXPECT_EQ(test, -ENXIO, range_error(address - PAGE_SIZE, 2 * PAGE_SIZE, INOUT));
	/* A later mapping at these addresses is described as anything else. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_EQ(test, 0, range_error(address, SIZE, INOUT));
}

static void map_that_is_redirected_shows_other_memory(struct kunit *test)
{
	struct iokmem_desc *old, *new, *before, *after;
	struct iokmem_map *m;
	u8 byte = 77;

	attach_address_space(test);
	old = buffer(test, NULL, SIZE, 0);
	new = buffer(test, NULL, SIZE, 0);
	fill_pattern(old);
	m = map(test, old, current, IOKMEM_MAP_UNIQUE, 0, 0);
	before = range(test, address_of(m), SIZE, INOUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(before, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, new, 0, 0));
	after = range(test, address_of(m), SIZE, INOUT);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, before, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(after, 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, byte);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(after, NONE));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, before, 0));
}

static void map_of_revoked_memory_is_of_no_use(struct kunit *test)
{
	struct iokmem_desc *desc, *part, *partly;
	unsigned long address;

	attach_address_space(test);
	desc = buffer(test, NULL, PAGE_SIZE, 0);
	address = user_memory(test, SIZE, false);
	map_over(test, desc, address + PAGE_SIZE, 0, 0);
	part = range(test, address + PAGE_SIZE, PAGE_SIZE, INOUT);
	partly = range(test, address, SIZE, INOUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(part, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_revoke(desc));
	KUNIT_EXPECT_EQ(test, -ENXIO, range_error(address, SIZE, INOUT));
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(iokmem_desc_map(part, 0)));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(part, NONE));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_prepare(part, NONE));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_prepare(partly, NONE));
}

static int file_error(struct iokmem_desc *desc, u32 flags)
{
	struct file *file = iokmem_desc_get_file(desc, flags);

	if (IS_ERR(file))
		return PTR_ERR(file);
	fput(file);
	return 0;
}

static int dma_error(struct kunit *test, struct device *dev, struct iokmem_desc *desc)
{
	static const struct iokmem_dma_specification spec = { .address_bits = 64 };
	struct iokmem_dma *dma = iokmem_dma_with_specification(dev, &spec);
	int err;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	err = iokmem_dma_set_memory_descriptor(dma, desc, true);
	iokmem_dma_put(dma);
	return err;
}

static void expect_only_read(struct kunit *test, struct iokmem_desc *desc)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_prepare(desc, IN));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_prepare(desc, INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, OUT));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_prepare(desc, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_write_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE |
					   IOKMEM_MAP_READ_ONLY, 0, 0));
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EACCES, file_error(desc, 0));
	KUNIT_EXPECT_EQ(test, 0, file_error(desc, IOKMEM_FD_READ_ONLY));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
}

/* The driver may do no more than the program. Neither may descriptors made of the range. */
static void map_that_is_read_only_is_only_read(struct kunit *test)
{
	struct iokmem_desc *desc, *part, *of[2], *partly;
	struct device *dev = device(test);
	unsigned long address;
	struct iokmem_map *m;
	u32 state;

	attach_address_space(test);
	desc = buffer_with(test, NULL, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
	m = map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0);
	part = range(test, address_of(m), SIZE, INOUT);
	expect_only_read(test, part);
	KUNIT_EXPECT_EQ(test, -EACCES, dma_error(test, dev, part));
	KUNIT_EXPECT_EQ(test, -EACCES, export_error(part, 0));
	KUNIT_EXPECT_EQ(test, 0, export_error(part, IOKMEM_FD_READ_ONLY));
	KUNIT_EXPECT_EQ(test, -EACCES,
			iokmem_desc_set_purgeable(part, IOKMEM_PURGEABLE_EMPTY, NULL));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_set_purgeable(part, IOKMEM_PURGEABLE_KEEP_CURRENT,
							   &state));
	KUNIT_EXPECT_EQ(test, 0,
			dma_error(test, dev, range(test, address_of(m), SIZE, OUT)));

	expect_only_read(test, keep_desc(test, iokmem_sub_with_sub_range(part, 0, PAGE_SIZE,
									 INOUT)));
	of[0] = part;
	of[1] = buffer(test, NULL, PAGE_SIZE, 0);
	expect_only_read(test, keep_desc(test, iokmem_multi_with_descriptors(of, 2, INOUT)));

	address = user_memory(test, 2 * PAGE_SIZE, false);
	keep_map(test, iokmem_desc_create_mapping_in_task(desc, current, address,
							  IOKMEM_MAP_OVERWRITE |
							  IOKMEM_MAP_READ_ONLY, 0, PAGE_SIZE));
	partly = range(test, address, 2 * PAGE_SIZE, INOUT);
	expect_only_read(test, partly);

	/* By the descriptor itself the memory may be written. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
}

static void map_that_persists_is_found_again(struct kunit *test)
{
	struct iokmem_desc *desc, *part, *partly, *other;
	unsigned long address;

	attach_address_space(test);
	desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, 2 * PAGE_SIZE, 0);
	address = user_memory(test, SIZE, false);
	map_over(test, desc, address + PAGE_SIZE, 0, 0);
	fill_user(test, address, SIZE);
	part = range(test, address + PAGE_SIZE, 2 * PAGE_SIZE, INOUT | IOKMEM_PERSISTENT);
	partly = range(test, address, SIZE, INOUT | IOKMEM_PERSISTENT);
	KUNIT_EXPECT_EQ(test, 2, desc->held);
	other = keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(part));
	KUNIT_EXPECT_PTR_EQ(test, part, other);
	other = keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(partly));
	KUNIT_EXPECT_PTR_EQ(test, partly, other);

	map_over(test, buffer(test, NULL, 2 * PAGE_SIZE, 0), address + PAGE_SIZE, 0, 0);
	other = keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(part));
	KUNIT_EXPECT_PTR_NE(test, part, other);
	other = keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(partly));
	KUNIT_EXPECT_PTR_NE(test, partly, other);
	KUNIT_EXPECT_EQ(test, SIZE, iokmem_desc_get_length(other));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, partly, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_CLASS_GENERAL, iokmem_desc_get_class(partly));
}

/* Expect that a map which does not ask for it is read-only, or is not. */
static void expect_map(struct kunit *test, struct iokmem_desc *desc, bool read_only)
{
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);

	KUNIT_EXPECT_EQ(test, read_only,
			!!(iokmem_map_get_options(m) & IOKMEM_MAP_READ_ONLY));
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), SIZE, 0));
	if (read_only)
		KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, IOKMEM_KERNEL_TASK,
						 IOKMEM_MAP_READ_ONLY, 0, 0));
	put_map_now(test, m);
}

/* A range of direction "out" has a map that may be written if the pages may be. */
static void map_of_what_is_only_read_is_read_only(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;
	struct iokmem_map *m;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	fill_user(test, address, SIZE);
	desc = range(test, address, SIZE, OUT);
	expect_map(test, desc, false);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	expect_map(test, desc, true);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));

	/* A driver that means to write is told that it cannot. */
	desc = range(test, address, SIZE, INOUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, OUT));
	KUNIT_EXPECT_EQ(test, -EACCES, PTR_ERR_OR_ZERO(iokmem_desc_map(desc, 0)));

	m = map(test, buffer(test, NULL, SIZE, 0), current, 0, 0, 0);
	fill_user(test, address_of(m), SIZE);
	desc = range(test, address_of(m), SIZE, OUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	expect_map(test, desc, false);

	/* So it is if the task may only read, prepared or not. */
	m = map(test, iokmem_map_get_memory_descriptor(m), current, IOKMEM_MAP_READ_ONLY, 0, 0);
	desc = range(test, address_of(m), SIZE, OUT);
	expect_map(test, desc, true);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	expect_map(test, desc, true);
	address = vm_mmap(NULL, 0, SIZE, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
	m = map(test, range(test, address, SIZE, OUT), IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, iokmem_map_get_options(m) & IOKMEM_MAP_READ_ONLY);
}

static struct iokmem_desc *ranges(struct kunit *test, const struct iokmem_address_range *ranges,
				  unsigned int nr, u32 options)
{
	return keep_desc(test, iokmem_desc_with_address_ranges(ranges, nr, options, current));
}

/* Test ranges that are next to each other, of memory with a pattern. */
static void check_adjacent(struct kunit *test, unsigned long address)
{
	const struct iokmem_address_range all[] = {
		{ address, 7634 }, { address + 7634, 9870 }, { address + 17504, 0 },
		{ address + 17504, SIZE - 17504 },
	};
	struct iokmem_desc *desc = ranges(test, all, ARRAY_SIZE(all), INOUT);
	struct iokmem_map *m;

	KUNIT_EXPECT_EQ(test, SIZE, iokmem_desc_get_length(desc));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), SIZE, 0));
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, address, address_of(m));

	/* They may even persist. */
	desc = ranges(test, all, ARRAY_SIZE(all), INOUT | IOKMEM_PERSISTENT);
	KUNIT_EXPECT_PTR_EQ(test, desc,
			    keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(desc)));
}

static void ranges_that_are_adjacent_are_one(struct kunit *test)
{
	unsigned long address;
	struct iokmem_map *m;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	fill_user(test, address, SIZE);
	check_adjacent(test, address);
	m = map(test, buffer(test, NULL, SIZE, 0), current, 0, 0, 0);
	fill_user(test, address_of(m), SIZE);
	check_adjacent(test, address_of(m));
}

static void ranges_apart_are_mapped_one_by_one(struct kunit *test)
{
	struct iokmem_address_range apart[3];
	struct iokmem_desc *desc;
	unsigned long address;
	struct iokmem_map *m;

	attach_address_space(test);
	address = user_memory(test, SIZE, true);
	fill_user(test, address, SIZE);
	apart[0] = (struct iokmem_address_range){ address + PAGE_SIZE, 100 };
	apart[1] = (struct iokmem_address_range){ address + 2 * PAGE_SIZE, PAGE_SIZE + 50 };
	apart[2] = (struct iokmem_address_range){ address + 3 * PAGE_SIZE + 50, 200 };
	desc = ranges(test, apart, 3, INOUT);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE + 350, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(iokmem_desc_map(desc, 0)));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 100, PAGE_SIZE + 250);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), PAGE_SIZE + 250,
					    2 * PAGE_SIZE));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 100);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), 100, PAGE_SIZE));
	m = map(test, desc, current, 0, 100, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), PAGE_SIZE, 2 * PAGE_SIZE));

	apart[1].length = 0;
	apart[1].address = 0;
	KUNIT_EXPECT_EQ(test, 300, iokmem_desc_get_length(ranges(test, apart, 3, INOUT)));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_length(ranges(test, apart + 1, 1, INOUT)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(iokmem_desc_with_address_ranges(apart, 0, INOUT,
									current)));
	apart[1].address = ULONG_MAX;
	apart[1].length = 2;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR_OR_ZERO(iokmem_desc_with_address_ranges(apart, 3, INOUT,
									current)));
}

static struct kunit_case addresses_cases[] = {
	KUNIT_CASE_PARAM(map_is_described_by_its_addresses, kind_gen_params),
	KUNIT_CASE_PARAM(map_that_is_gone_leaves_its_memory, kind_gen_params),
	KUNIT_CASE(map_is_shared_with_those_of_its_addresses),
	KUNIT_CASE(map_may_be_part_of_the_addresses),
	KUNIT_CASE(map_with_nothing_behind_it_is_not_prepared),
	KUNIT_CASE(map_has_no_bytes_behind_its_memory),
	KUNIT_CASE(map_of_what_is_prepared_is_filled),
	KUNIT_CASE(map_that_has_ended_is_not_described),
	KUNIT_CASE(map_that_is_redirected_shows_other_memory),
	KUNIT_CASE(map_of_revoked_memory_is_of_no_use),
	KUNIT_CASE(map_that_is_read_only_is_only_read),
	KUNIT_CASE(map_that_persists_is_found_again),
	KUNIT_CASE(map_of_what_is_only_read_is_read_only),
	KUNIT_CASE(ranges_that_are_adjacent_are_one),
	KUNIT_CASE(ranges_apart_are_mapped_one_by_one),
	{}
};

static struct kunit_suite addresses_suite = {
	.name = "iokmem_addresses",
	.test_cases = addresses_cases,
};

kunit_test_suites(&addresses_suite);

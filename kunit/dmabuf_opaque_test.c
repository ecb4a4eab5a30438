// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs of which the exporter gives no kernel address: it maps them into user tasks itself.
 */
#include <linux/completion.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "dmabuf_helpers.h"

#define SIZE	(EXPORTER_PAGES * PAGE_SIZE)

/* How exporters map memory. */
static const struct way {
	const char *name;
	unsigned int options;
	bool faults;
} ways[] = {
	{ "by faults", EXPORTER_NO_VMAP | EXPORTER_MOVES | EXPORTER_FAULTS, true },
	{ "at once", EXPORTER_NO_VMAP | EXPORTER_MOVES | EXPORTER_REMAPS, false },
};

static void way_desc(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

static const struct way *way_of(struct kunit *test)
{
	return test->param_value;
}

/* Return the test's exporter, whose bytes are a pattern, with a process to map into. */
static struct exporter *opaque(struct kunit *test)
{
	struct exporter *from = exporter(test, way_of(test)->options);

	attach_address_space(test);
	fill_bytes(from->bytes, SIZE);
	return from;
}

static void map_shows_the_memory(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT), *sub;
	struct iokmem_map *m = map(test, desc, current, 0, 0, 0), *part;
	u8 byte = 77;

	KUNIT_EXPECT_EQ(test, 1, from->attached);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	KUNIT_EXPECT_EQ(test, way_of(test)->faults ? EXPORTER_PAGES : 0, from->faults);
	KUNIT_EXPECT_EQ(test, 0, copy_to_user((void __user *)address_of(m) + PAGE_SIZE, &byte, 1));
	KUNIT_EXPECT_EQ(test, 77, from->bytes[PAGE_SIZE]);

	/* Maps share a VMA as those of other memory do. */
	sub = keep_desc(test, iokmem_sub_with_sub_range(desc, PAGE_SIZE, 3 * PAGE_SIZE, INOUT));
	part = map(test, sub, current, 0, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, address_of(m) + 2 * PAGE_SIZE, address_of(part));
	KUNIT_EXPECT_EQ(test, way_of(test)->faults, from->vmas);
}

static void map_of_a_part_begins_there(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, 0, 2 * PAGE_SIZE + 5, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, 5, offset_in_page(address_of(m)));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), PAGE_SIZE, 2 * PAGE_SIZE + 5));
}

static void prefault_leaves_no_faults(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, IOKMEM_MAP_PREFAULT, 0, 0);
	int faults = from->faults;

	KUNIT_EXPECT_EQ(test, way_of(test)->faults ? EXPORTER_PAGES : 0, faults);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	KUNIT_EXPECT_EQ(test, faults, from->faults);
}

static void munmap_ends_the_map(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, 0, 0, 0);
	unsigned long address = address_of(m);

	KUNIT_EXPECT_EQ(test, 0, touch(address));
	/* One page cannot be unmapped without the others. */
	KUNIT_EXPECT_EQ(test, -EINVAL, vm_munmap(address, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_EQ(test, 0, address_of(m));
	KUNIT_EXPECT_EQ(test, 1, touch(address));
	KUNIT_EXPECT_EQ(test, 0, from->vmas);
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

/* The addresses stay the program's, and the exporter is asked for no more entries there. */
static void put_and_revoke_end_the_map(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, 0, 0, 0);
	unsigned long first = address_of(m), second;

	KUNIT_EXPECT_EQ(test, 0, touch(first));
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, 1, touch(first));
	KUNIT_EXPECT_TRUE(test, is_idle(from));

	m = map(test, desc, current, 0, 0, 0);
	second = address_of(m);
	KUNIT_EXPECT_NE(test, first, second);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(second, SIZE, 0));
	iokmem_desc_revoke(desc);
	KUNIT_EXPECT_EQ(test, 1, touch(second));
	KUNIT_EXPECT_EQ(test, 0, address_of(m));
	KUNIT_EXPECT_TRUE(test, is_idle(from));

	KUNIT_EXPECT_EQ(test, 0, vm_munmap(first, SIZE));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(second, SIZE));
	KUNIT_EXPECT_EQ(test, 0, from->vmas);
}

static void wait_for(void *completion)
{
	wait_for_completion(completion);
}

static const struct iokmem_holder_ops wait_when_told = {
	.revoke	= wait_for,
};

/* The worker that revokes the descriptor tells holders first, and then removes entries. */
static void what_is_taken_back_is_gone_at_once(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(looked);
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, 0, 0, 0);
	unsigned long address = address_of(m);
	struct iokmem_holder holder;

	KUNIT_ASSERT_EQ(test, 0, iokmem_holder_add(&holder, m, &wait_when_told, &looked));
	KUNIT_EXPECT_EQ(test, 0, touch(address));
	take_back(from);
	KUNIT_EXPECT_EQ(test, 1, touch(address));
	complete(&looked);
	iokmem_holder_remove(&holder);
	KUNIT_EXPECT_TRUE(test, is_revoked(desc));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static void map_for_reading_is_only_read(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0);
	u8 byte = 77;

	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	KUNIT_EXPECT_EQ(test, 1, copy_to_user((void __user *)address_of(m), &byte, 1));
}

static void what_the_exporter_cannot_do_is_refused(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_desc *other = buffer(test, NULL, SIZE, 0);
	struct iokmem_map *m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	static const u32 refused[] = {
		IOKMEM_MAP_PINNABLE, IOKMEM_MAP_GUARDED_SMALL, IOKMEM_MAP_WRITE_COMBINE_CACHE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, refused[i] |
							     IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						     IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(m, other, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	m = map(test, other, current, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(m, desc, 0, 0));
}

/* Other maps keep their entries, which the exporter might not make again. */
static void map_copes_with_an_exporter_that_refuses(struct kunit *test)
{
	struct exporter *from = opaque(test);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_map *m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	unsigned long other = address_of(m);

	KUNIT_EXPECT_EQ(test, 0, touch(other));
	from->mmap_error = -EPERM;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
						     IOKMEM_MAP_UNIQUE, 0, 0));
	from->mmap_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, -ENOMEM, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
						 IOKMEM_MAP_UNIQUE, 0, 0));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, other).present);
	from->mmap_error = 0;
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
					   IOKMEM_MAP_UNIQUE, 0, 0));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, other).present);
	put_map_now(test, m);
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

/* Their entries cannot be removed from one map and stay in others. */
static void maps_of_counted_pages_are_refused(struct kunit *test)
{
	struct exporter *from = exporter(test, EXPORTER_NO_VMAP | EXPORTER_COUNTED);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, from->vmas);
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static struct kunit_case dmabuf_opaque_cases[] = {
	KUNIT_CASE_PARAM(map_shows_the_memory, way_gen_params),
	KUNIT_CASE_PARAM(map_of_a_part_begins_there, way_gen_params),
	KUNIT_CASE_PARAM(prefault_leaves_no_faults, way_gen_params),
	KUNIT_CASE_PARAM(munmap_ends_the_map, way_gen_params),
	KUNIT_CASE_PARAM(put_and_revoke_end_the_map, way_gen_params),
	KUNIT_CASE_PARAM(what_is_taken_back_is_gone_at_once, way_gen_params),
	KUNIT_CASE_PARAM(map_for_reading_is_only_read, way_gen_params),
	KUNIT_CASE_PARAM(what_the_exporter_cannot_do_is_refused, way_gen_params),
	KUNIT_CASE_PARAM(map_copes_with_an_exporter_that_refuses, way_gen_params),
	KUNIT_CASE(maps_of_counted_pages_are_refused),
	{}
};

static struct kunit_suite dmabuf_opaque_suite = {
	.name = "iokmem_dmabuf_opaque",
	.test_cases = dmabuf_opaque_cases,
};

kunit_test_suite(dmabuf_opaque_suite);

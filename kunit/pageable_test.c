// SPDX-License-Identifier: GPL-2.0
/*
 * Pageable memory: swapped out and in, held, purged.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "kinds.h"

#define SIZE		SZ_2M
#define PAGES		(SIZE / PAGE_SIZE)

static u64 resident(struct kunit *test, struct iokmem_desc *desc)
{
	u64 pages = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &pages, NULL));
	return pages;
}

static bool reads(struct iokmem_desc *desc, bool zeroes)
{
	u8 *bytes = kvmalloc(desc->capacity, GFP_KERNEL);
	bool same;

	if (!bytes || iokmem_desc_read_bytes(desc, 0, bytes, desc->capacity)) {
		kvfree(bytes);
		return false;
	}
	same = zeroes ? !memchr_inv(bytes, 0, desc->capacity) :
			has_pattern(bytes, desc->capacity, 0);
	kvfree(bytes);
	return same;
}

static void need_swap(struct kunit *test)
{
	if (get_nr_swap_pages() < 2 * PAGES)
		kunit_skip(test, "no swap: mkswap /dev/ram1; swapon /dev/ram1");
}

/*
 * Have the kernel reclaim until @desc has at most @pages in memory, or nothing more is
 * reclaimed.
 */
static void squeeze(struct kunit *test, struct iokmem_desc *desc, u64 pages)
{
	int i, err;

	for (i = 0; i < 50 && resident(test, desc) > pages; i++) {
		err = write_line("/sys/fs/cgroup/memory.reclaim", "8M");
		/* The kernel reports that it has found less than it was asked for. */
		if (err && err != -EAGAIN)
			kunit_skip(test, "the kernel cannot be made to reclaim: %d", err);
	}
}

static void pageable_memory_is_there_when_touched(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
	struct iokmem_map *m;
	u64 pages, dirty;

	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, resident(test, desc));
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m)));
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m) + 5 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(m)).present);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m)).exec);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m) + PAGE_SIZE).present);
	KUNIT_EXPECT_EQ(test, 2, resident(test, desc));

	/* A page that was only read is clean: it is zero. */
	KUNIT_ASSERT_EQ(test, 0, put_user(5, (u8 __user *)address_of(m)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &pages, &dirty));
	KUNIT_EXPECT_EQ(test, 2, pages);
	KUNIT_EXPECT_EQ(test, 1, dirty);
}

static int write_byte(unsigned long address)
{
	return put_user(5, (u8 __user *)address);
}

/* Counting moves no entries: the program does not fault again. */
static void pageable_pages_stay_mapped_when_counted(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
	struct iokmem_map *m, *other;
	u64 pages, dirty, faults;

	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	other = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m)));
	KUNIT_ASSERT_EQ(test, 0, write_byte(address_of(m) + PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, write_byte(address_of(other) + 2 * PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &pages, &dirty));
	KUNIT_EXPECT_EQ(test, 3, pages);
	KUNIT_EXPECT_EQ(test, 2, dirty);

	faults = current->min_flt + current->maj_flt;
	KUNIT_EXPECT_EQ(test, 0, write_byte(address_of(m)));
	KUNIT_EXPECT_EQ(test, 0UL, touch(address_of(m) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, write_byte(address_of(other) + 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, faults, current->min_flt + current->maj_flt);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &pages, &dirty));
	KUNIT_EXPECT_EQ(test, 3, pages);
	KUNIT_EXPECT_EQ(test, 3, dirty);
}

static void pageable_memory_is_zero_to_the_end_of_the_last_page(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *m;
	u8 byte = 5;
	size_t i;

	attach_address_space(test);
	desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, PAGE_SIZE + 1, 0);
	m = map(test, desc, current, 0, 0, 0);
	for (i = 0; i < 2 * PAGE_SIZE; i++) {
		KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)address_of(m) + i));
		KUNIT_ASSERT_EQ(test, 0, byte);
	}
}

static void pageable_memory_is_swapped_out_and_in(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
	struct iokmem_map *m;

	need_swap(test);
	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	write_pattern(test, desc);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	KUNIT_EXPECT_EQ(test, PAGES, resident(test, desc));
	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	KUNIT_EXPECT_EQ(test, PAGES, resident(test, desc));

	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
	KUNIT_EXPECT_TRUE(test, reads(desc, false));
}

static void pageable_memory_stays_while_prepared(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
	unsigned long first;
	int i;

	need_swap(test);
	write_pattern(test, desc);
	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, PAGES, resident(test, desc));
	first = pfn_of(desc, 0);
	for (i = 0; i < 3; i++)
		write_line("/sys/fs/cgroup/memory.reclaim", "8M");
	KUNIT_EXPECT_EQ(test, PAGES, resident(test, desc));
	KUNIT_EXPECT_EQ(test, first, pfn_of(desc, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern(page_address(pfn_to_page(first)), PAGE_SIZE, 0));

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
	KUNIT_EXPECT_TRUE(test, reads(desc, false));
}

/* Return how many pages of a map have an entry. */
static unsigned long nr_entries(const struct iokmem_map *m)
{
	unsigned long i, nr = 0;

	for (i = 0; i < pages_of(m); i++)
		nr += entry_of(current->mm, address_of(m) + i * PAGE_SIZE).present;
	return nr;
}

/* Reclaim leaves pages alone that it cannot have. */
static void pageable_memory_stays_mapped_while_prepared(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
	struct iokmem_map *m;
	int i;

	need_swap(test);
	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	write_pattern(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	for (i = 0; i < 10; i++)
		write_line("/sys/fs/cgroup/memory.reclaim", "8M");
	KUNIT_EXPECT_EQ(test, PAGES, nr_entries(m));

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
}

/* Writes of the kernel or a device to held memory must reach swap, too. */
static void pageable_memory_keeps_what_was_written_while_prepared(struct kunit *test)
{
	struct iokmem_desc *desc;
	u8 *bytes;

	need_swap(test);
	desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_PAGEABLE, SIZE, 0);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_IN));
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	fill_bytes(bytes, SIZE);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
	KUNIT_EXPECT_TRUE(test, reads(desc, false));
}

static int prepare_again(struct iokmem_desc *desc)
{
	return iokmem_desc_prepare(desc, IOKMEM_DIRECTION_IN);
}

static int prepare_as_part(struct iokmem_desc *desc)
{
	struct iokmem_desc *multi;
	int err;

	multi = iokmem_multi_with_descriptors(&desc, 1, IOKMEM_DIRECTION_INOUT);
	if (IS_ERR(multi))
		return PTR_ERR(multi);
	err = iokmem_desc_prepare(multi, IOKMEM_DIRECTION_OUT);
	if (!err)
		err = iokmem_desc_prepare(multi, IOKMEM_DIRECTION_IN);
	iokmem_desc_put(multi);
	return err;
}

/* The memory was held for reading first, by itself or as a part of another. */
static void pageable_memory_that_was_held_to_read_keeps_what_was_written(struct kunit *test)
{
	int (*const hold[])(struct iokmem_desc *desc) = { prepare_again, prepare_as_part };
	struct iokmem_desc *desc;
	u64 pages, dirty;
	int i;

	need_swap(test);
	for (i = 0; i < ARRAY_SIZE(hold); i++) {
		desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_OUT));
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_page_counts(desc, &pages, &dirty));
		KUNIT_EXPECT_EQ(test, PAGES, pages);
		KUNIT_EXPECT_EQ(test, 0, dirty);
		KUNIT_ASSERT_EQ(test, 0, hold[i](desc));
		fill_pattern(desc);
		while (!iokmem_desc_complete(desc, NONE))
			;
		squeeze(test, desc, PAGES / 4 - 1);
		KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
		KUNIT_EXPECT_TRUE(test, reads(desc, false));
	}
}

static void pageable_kernel_buffer_has_an_address_while_prepared(struct kunit *test)
{
	struct iokmem_desc *desc;
	u8 *bytes;

	desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_PAGEABLE, SIZE, 0);
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_EXPECT_EQ(test, 0UL, iokmem_buffer_get_address(desc));
	/* The length may be shorter than the capacity. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, SIZE));
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, (unsigned long)bytes, iokmem_buffer_get_address(desc));
	KUNIT_EXPECT_PTR_EQ(test, bytes + 5,
			    iokmem_buffer_get_bytes_no_copy_range(desc, 5, 5));
	pagefault_disable();
	fill_bytes(bytes, SIZE);
	pagefault_enable();
	KUNIT_EXPECT_TRUE(test, reads(desc, false));

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_PTR_EQ(test, bytes, iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_TRUE(test, reads(desc, false));
}

static void pageable_task_buffer_is_mapped_there(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;

	attach_address_space(test);
	desc = buffer_with(test, current, IOKMEM_PAGEABLE, SIZE, 0);
	address = iokmem_buffer_get_address(desc);
	KUNIT_ASSERT_NE(test, 0UL, address);
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
	write_pattern(test, desc);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address, SIZE, 0));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_EQ(test, 0UL, iokmem_buffer_get_address(desc));
}

static void pageable_buffer_appends_bytes(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SIZE, 0);
	u8 bytes[100], out[100];

	fill_bytes(bytes, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, PAGE_SIZE - 50));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_append_bytes(desc, bytes, sizeof(bytes)));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE + 50, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, PAGE_SIZE - 50, out, sizeof(out)));
	KUNIT_EXPECT_MEMEQ(test, bytes, out, sizeof(out));
}

#define KEEP		IOKMEM_PURGEABLE_KEEP_CURRENT
#define NON_VOLATILE	IOKMEM_PURGEABLE_NON_VOLATILE
#define VOLATILE	IOKMEM_PURGEABLE_VOLATILE
#define EMPTY		IOKMEM_PURGEABLE_EMPTY

static struct iokmem_desc *purgeable(struct kunit *test)
{
	return buffer_with(test, NULL, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
}

/* Set a state and return the old one. */
static u32 set(struct kunit *test, struct iokmem_desc *desc, u32 state)
{
	u32 old = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_set_purgeable(desc, state, &old));
	return old;
}

struct transition {
	const char *name;
	u32 from;
	u32 to;
	u32 then;
};

/* All purgeable states, with Apple's numbers. */
static const struct transition transitions[] = {
	{ "non-volatile, asked", NON_VOLATILE, KEEP, NON_VOLATILE },
	{ "non-volatile, non-volatile", NON_VOLATILE, NON_VOLATILE, NON_VOLATILE },
	{ "non-volatile, volatile", NON_VOLATILE, VOLATILE, VOLATILE },
	{ "non-volatile, empty", NON_VOLATILE, EMPTY, EMPTY },
	{ "volatile, asked", VOLATILE, KEEP, VOLATILE },
	{ "volatile, non-volatile", VOLATILE, NON_VOLATILE, NON_VOLATILE },
	{ "volatile, volatile", VOLATILE, VOLATILE, VOLATILE },
	{ "volatile, empty", VOLATILE, EMPTY, EMPTY },
	{ "empty, asked", EMPTY, KEEP, EMPTY },
	{ "empty, non-volatile", EMPTY, NON_VOLATILE, NON_VOLATILE },
	{ "empty, volatile", EMPTY, VOLATILE, EMPTY },
	{ "empty, empty", EMPTY, EMPTY, EMPTY },
};

static void transition_desc(const struct transition *t, char *desc)
{
	strscpy(desc, t->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(transition, transitions, transition_desc);

static void purgeable_states_change_as_apples(struct kunit *test)
{
	const struct transition *t = test->param_value;
	bool gone = t->from == EMPTY || t->to == EMPTY;
	struct iokmem_desc *desc = purgeable(test);
	struct iokmem_map *m;

	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	write_pattern(test, desc);
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, desc, t->from));
	KUNIT_EXPECT_EQ(test, t->from, set(test, desc, t->to));
	KUNIT_EXPECT_EQ(test, t->then, set(test, desc, KEEP));
	if (gone)
		KUNIT_EXPECT_EQ(test, 0, resident(test, desc));
	KUNIT_EXPECT_TRUE(test, reads(desc, gone));
	KUNIT_EXPECT_EQ(test, !gone, user_has_pattern(address_of(m), SIZE, 0));

	/* Data written to empty memory stays until it is emptied again. */
	write_pattern(test, desc);
	KUNIT_EXPECT_EQ(test, t->then, set(test, desc, NON_VOLATILE));
	KUNIT_EXPECT_TRUE(test, reads(desc, false));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
}

static void purgeable_refuses_invalid_states(struct kunit *test)
{
	struct iokmem_desc *desc = purgeable(test);
	u32 old = 77, bit, state;

	for (state = 0; state < 16; state++)
		if (state < KEEP || state > EMPTY)
			KUNIT_EXPECT_EQ(test, -EINVAL,
					iokmem_desc_set_purgeable(desc, state, &old));
	for (bit = 4; bit < 32; bit++)
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				iokmem_desc_set_purgeable(desc, EMPTY | 1u << bit, &old));
	KUNIT_EXPECT_EQ(test, 77, old);
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, desc, KEEP));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_set_purgeable(desc, VOLATILE, NULL));
}

static void purgeable_is_only_memory_created_so(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	int err = strstr(kind->name, "purgeable") ? 0 : -EOPNOTSUPP;

	KUNIT_EXPECT_EQ(test, err, iokmem_desc_set_purgeable(desc, KEEP, NULL));
	KUNIT_EXPECT_EQ(test, err, iokmem_desc_set_purgeable(desc, EMPTY, NULL));
}

static void purgeable_memory_that_is_held_is_zeroed_in_place(struct kunit *test)
{
	struct iokmem_desc *desc = purgeable(test);
	struct iokmem_map *of_kernel;
	unsigned long frame;

	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	fill_bytes((u8 *)address_of(of_kernel), SIZE);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	frame = pfn_of(desc, 0);
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, desc, EMPTY));
	KUNIT_EXPECT_NULL(test, memchr_inv((u8 *)address_of(of_kernel), 0, SIZE));
	KUNIT_EXPECT_TRUE(test, reads(desc, true));
	KUNIT_EXPECT_EQ(test, frame, pfn_of(desc, 0));
	KUNIT_EXPECT_EQ(test, PAGES, resident(test, desc));
	KUNIT_EXPECT_EQ(test, EMPTY, set(test, desc, NON_VOLATILE));
}

static void shrink(struct kunit *test)
{
	int i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, 0, write_line("/proc/sys/vm/drop_caches", "2"));
}

static void purgeable_memory_is_emptied_only_if_volatile(struct kunit *test)
{
	struct iokmem_desc *kept = purgeable(test), *volatile_one = purgeable(test);
	struct iokmem_map *m;

	attach_address_space(test);
	write_pattern(test, kept);
	write_pattern(test, volatile_one);
	m = map(test, volatile_one, current, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SIZE, 0));
	set(test, volatile_one, VOLATILE);
	shrink(test);
	KUNIT_EXPECT_EQ(test, 0, resident(test, volatile_one));
	KUNIT_EXPECT_EQ(test, EMPTY, set(test, volatile_one, NON_VOLATILE));
	KUNIT_EXPECT_TRUE(test, reads(volatile_one, true));
	KUNIT_EXPECT_FALSE(test, user_has_pattern(address_of(m), PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, reads(kept, false));
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, kept, KEEP));

	/* A buffer that is made non-volatile in time keeps its content. */
	set(test, kept, VOLATILE);
	set(test, kept, NON_VOLATILE);
	shrink(test);
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, kept, KEEP));
	KUNIT_EXPECT_TRUE(test, reads(kept, false));
}

static void purgeable_memory_is_not_emptied_while_held(struct kunit *test)
{
	struct iokmem_desc *desc = purgeable(test);

	write_pattern(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	set(test, desc, VOLATILE);
	shrink(test);
	KUNIT_EXPECT_EQ(test, VOLATILE, set(test, desc, KEEP));
	KUNIT_EXPECT_TRUE(test, reads(desc, false));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	shrink(test);
	KUNIT_EXPECT_EQ(test, EMPTY, set(test, desc, KEEP));
	KUNIT_EXPECT_TRUE(test, reads(desc, true));
}

/* Return a volatile buffer of one page, or NULL. The caller puts it. */
static struct iokmem_desc *volatile_page(void)
{
	u32 options = IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE | IOKMEM_PURGEABLE;
	struct iokmem_desc *desc;

	desc = iokmem_buffer_in_task_with_options(NULL, options, PAGE_SIZE, 0);
	if (IS_ERR(desc))
		return NULL;
	if (iokmem_desc_write_bytes(desc, 0, "x", 1) ||
	    iokmem_desc_set_purgeable(desc, VOLATILE, NULL)) {
		iokmem_desc_put(desc);
		return NULL;
	}
	return desc;
}

/* Return how long it takes to empty each of @nr buffers, in ns. */
static u64 time_to_empty(struct kunit *test, unsigned int nr)
{
	struct iokmem_desc **descs = kunit_kcalloc(test, nr, sizeof(*descs), GFP_KERNEL);
	unsigned int i;
	u64 begin;

	KUNIT_ASSERT_NOT_NULL(test, descs);
	for (i = 0; i < nr; i++)
		descs[i] = volatile_page();
	begin = ktime_get_ns();
	shrink(test);
	begin = ktime_get_ns() - begin;
	for (i = 0; i < nr; i++) {
		if (!descs[i]) {
			KUNIT_FAIL(test, "no buffer");
			continue;
		}
		KUNIT_EXPECT_EQ(test, EMPTY, set(test, descs[i], KEEP));
		iokmem_desc_put(descs[i]);
	}
	settle_files(test);
	return div_u64(begin, nr);
}

/* The thousandth buffer takes no longer than the first. */
static void purgeable_buffers_are_emptied_in_constant_time(struct kunit *test)
{
	u64 few, many;
	int i;

	/* Have the caches of others emptied first. */
	shrink(test);
	for (i = 0; i < 3; i++) {
		few = time_to_empty(test, 250);
		many = time_to_empty(test, 2000);
		kunit_info(test, "%llu ns for each of 250, %llu for each of 2000\n", few, many);
		/* The machine may be busy with something else. */
		if (many < 2 * few)
			return;
	}
	KUNIT_FAIL(test, "emptying takes longer for each of many buffers");
}

/* I/O in progress has a reference to a page, which outlives its place here. */
static void purgeable_content_is_gone_from_referenced_pages(struct kunit *test)
{
	struct iokmem_desc *desc = purgeable(test);
	struct iokmem_map *m;
	struct page *page;

	attach_address_space(test);
	write_pattern(test, desc);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m)));
	page = pfn_to_page(entry_of(current->mm, address_of(m)).pfn);
	get_page(page);
	KUNIT_EXPECT_TRUE(test, has_pattern(page_address(page), PAGE_SIZE, 0));
	set(test, desc, EMPTY);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0, PAGE_SIZE));
	put_page(page);
}

/* Content in swap is emptied, too. */
static void purgeable_content_in_swap_is_gone(struct kunit *test)
{
	struct iokmem_desc *desc = purgeable(test);

	need_swap(test);
	write_pattern(test, desc);
	squeeze(test, desc, PAGES / 4 - 1);
	KUNIT_EXPECT_LT(test, resident(test, desc), PAGES / 4);
	set(test, desc, EMPTY);
	KUNIT_EXPECT_EQ(test, 0, resident(test, desc));
	KUNIT_EXPECT_TRUE(test, reads(desc, true));
}

static void purgeable_state_of_parts_is_the_wholes(struct kunit *test)
{
	struct iokmem_desc *a = purgeable(test), *b = purgeable(test), *sub, *multi;
	struct iokmem_desc *wired = buffer(test, NULL, PAGE_SIZE, 0);

	sub = keep_desc(test, iokmem_sub_with_sub_range(a, PAGE_SIZE, PAGE_SIZE, 0));
	multi = iokmem_multi_with_descriptors((struct iokmem_desc *[]){ a, b, sub }, 3, 0);
	keep_desc(test, multi);
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, sub, VOLATILE));
	KUNIT_EXPECT_EQ(test, VOLATILE, set(test, a, KEEP));
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, b, KEEP));
	KUNIT_EXPECT_EQ(test, VOLATILE, set(test, multi, KEEP));
	set(test, b, EMPTY);
	KUNIT_EXPECT_EQ(test, EMPTY, set(test, multi, NON_VOLATILE));
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, a, KEEP));
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, b, KEEP));

	/* All members change, or none. */
	multi = iokmem_multi_with_descriptors((struct iokmem_desc *[]){ a, wired }, 2, 0);
	keep_desc(test, multi);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_set_purgeable(multi, EMPTY, NULL));
	KUNIT_EXPECT_EQ(test, NON_VOLATILE, set(test, a, KEEP));
}

static struct kunit_case pageable_cases[] = {
	KUNIT_CASE(pageable_memory_is_there_when_touched),
	KUNIT_CASE(pageable_pages_stay_mapped_when_counted),
	KUNIT_CASE(pageable_memory_is_zero_to_the_end_of_the_last_page),
	KUNIT_CASE(pageable_memory_is_swapped_out_and_in),
	KUNIT_CASE(pageable_memory_stays_while_prepared),
	KUNIT_CASE(pageable_memory_stays_mapped_while_prepared),
	KUNIT_CASE(pageable_memory_keeps_what_was_written_while_prepared),
	KUNIT_CASE(pageable_memory_that_was_held_to_read_keeps_what_was_written),
	KUNIT_CASE(pageable_kernel_buffer_has_an_address_while_prepared),
	KUNIT_CASE(pageable_task_buffer_is_mapped_there),
	KUNIT_CASE(pageable_buffer_appends_bytes),
	{}
};

static struct kunit_case purgeable_cases[] = {
	KUNIT_CASE_PARAM(purgeable_states_change_as_apples, transition_gen_params),
	KUNIT_CASE(purgeable_refuses_invalid_states),
	KUNIT_CASE_PARAM(purgeable_is_only_memory_created_so, kind_gen_params),
	KUNIT_CASE(purgeable_memory_that_is_held_is_zeroed_in_place),
	KUNIT_CASE(purgeable_memory_is_emptied_only_if_volatile),
	KUNIT_CASE(purgeable_memory_is_not_emptied_while_held),
	KUNIT_CASE(purgeable_buffers_are_emptied_in_constant_time),
	KUNIT_CASE(purgeable_content_is_gone_from_referenced_pages),
	KUNIT_CASE(purgeable_content_in_swap_is_gone),
	KUNIT_CASE(purgeable_state_of_parts_is_the_wholes),
	{}
};

static struct kunit_suite pageable_suite = {
	.name = "iokmem_pageable",
	.test_cases = pageable_cases,
};

static struct kunit_suite purgeable_suite = {
	.name = "iokmem_purgeable",
	.test_cases = purgeable_cases,
};

kunit_test_suites(&pageable_suite, &purgeable_suite);

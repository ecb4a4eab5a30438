// SPDX-License-Identifier: GPL-2.0
/* Cache modes: page table entries, everywhere a page is mapped. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#include "helpers.h"
#include "page/cache.h"
#include "page/pool.h"

/* One huge entry in user tasks, and small ones. */
#define CACHE_SIZE	(SZ_2M + SZ_64K)

struct mode_case {
	const char *name;
	u32 asked;
	u32 given;
};

static const struct mode_case mode_cases[] = {
	{ "default", IOKMEM_MAP_DEFAULT_CACHE, IOKMEM_MAP_COPYBACK_CACHE },
	{ "inhibit", IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_INHIBIT_CACHE },
	{ "write-through", IOKMEM_MAP_WRITE_THRU_CACHE, IOKMEM_MAP_INHIBIT_CACHE },
	{ "copyback", IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_COPYBACK_CACHE },
	{ "write-combine", IOKMEM_MAP_WRITE_COMBINE_CACHE,
	  IOKMEM_MAP_WRITE_COMBINE_CACHE },
	{ "copyback inner", IOKMEM_MAP_COPYBACK_INNER_CACHE,
	  IOKMEM_MAP_COPYBACK_CACHE },
	{ "posted write", IOKMEM_MAP_POSTED_WRITE, IOKMEM_MAP_INHIBIT_CACHE },
	{ "real time", IOKMEM_MAP_REAL_TIME_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE },
	{ "posted reordered", IOKMEM_MAP_POSTED_REORDERED, IOKMEM_MAP_INHIBIT_CACHE },
	{ "posted combined reordered", IOKMEM_MAP_POSTED_COMBINED_REORDERED,
	  IOKMEM_MAP_INHIBIT_CACHE },
};

static void mode_desc(const struct mode_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, mode_cases, mode_desc);

static int cache_init(struct kunit *test)
{
	need_memory_types(test);
	return 0;
}

/* Check that all pages of a map in a user task have entries of this type. */
static void expect_user_cache(struct kunit *test, struct iokmem_map *m, u32 cache)
{
	unsigned long at = address_of(m) & PAGE_MASK, i;

	for (i = 0; i < pages_of(m); i++) {
		struct entry entry;

		KUNIT_ASSERT_EQ_MSG(test, 0UL, touch(at + i * PAGE_SIZE), "page %lu", i);
		entry = entry_of(current->mm, at + i * PAGE_SIZE);
		KUNIT_ASSERT_TRUE_MSG(test, entry.present, "page %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, entry_cache(cache), entry.cache, "page %lu", i);
	}
}

static void expect_kernel_cache(struct kunit *test, struct iokmem_map *m, u32 cache)
{
	unsigned long at = address_of(m) & PAGE_MASK, i;

	for (i = 0; i < pages_of(m); i++)
		KUNIT_ASSERT_EQ_MSG(test, entry_cache(cache),
				    kernel_entry_of(at + i * PAGE_SIZE).cache,
				    "page %lu", i);
}

static void expect_direct_map_cache(struct kunit *test, struct iokmem_desc *desc,
				    u32 cache)
{
	size_t at;

	for (at = 0; at < desc->capacity; at += PAGE_SIZE)
		KUNIT_ASSERT_EQ_MSG(test, direct_entry_cache(cache),
				    direct_map_cache(pfn_of(desc, at)),
				    "page %zu", at >> PAGE_SHIFT);
}

static unsigned long *frames_of(struct kunit *test, struct iokmem_desc *desc)
{
	unsigned long nr = DIV_ROUND_UP(desc->capacity, PAGE_SIZE), i;
	unsigned long *frames;

	frames = kunit_kmalloc_array(test, nr, sizeof(*frames), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, frames);
	for (i = 0; i < nr; i++)
		frames[i] = pfn_of(desc, i * PAGE_SIZE);
	return frames;
}

/* A descriptor leaves the list a moment before its memory is freed. */
static void expect_frames_write_back(struct kunit *test, const unsigned long *frames,
				     unsigned long nr)
{
	unsigned long i;
	int tries = 100;

	for (i = 0; i < nr; i++) {
		while (direct_map_cache(frames[i]) != IOKMEM_MAP_COPYBACK_CACHE && tries--)
			msleep(20);
		KUNIT_ASSERT_EQ_MSG(test, IOKMEM_MAP_COPYBACK_CACHE,
				    direct_map_cache(frames[i]), "page %lu", i);
	}
}

/* The last file of a mapping frees the memory, a moment after the mapping. */
static void put_and_wait(struct kunit *test, struct iokmem_desc *desc)
{
	u64 id = desc->id;

	put_buffer_now(test, desc);
	KUNIT_ASSERT_TRUE(test, is_gone(id));
}

static void cache_mode_is_in_every_entry_and_gone_when_freed(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	unsigned long *frames;
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	attach_address_space(test);
	desc = buffer_with(test, NULL, c->asked, CACHE_SIZE, SZ_2M);
	KUNIT_EXPECT_EQ(test, c->given, iokmem_desc_get_cache_mode(desc));
	frames = frames_of(test, desc);
	expect_direct_map_cache(test, desc, c->given);

	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, c->given, iokmem_map_get_cache_mode(m));
	expect_user_cache(test, m, c->given);
	if (IOKMEM_HUGE_ENTRIES)
		KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(m)).huge);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m) + SZ_2M).huge);
	put_map_now(test, m);

	/* A map with its own addresses, and a read-only one. */
	m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address_of(m)).huge);
	expect_kernel_cache(test, m, c->given);
	put_map_now(test, m);
	m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_READ_ONLY, 0, 0);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address_of(m)).write);
	expect_kernel_cache(test, m, c->given);
	put_map_now(test, m);

	put_and_wait(test, desc);
	iokmem_pool_drain();
	expect_frames_write_back(test, frames, CACHE_SIZE / PAGE_SIZE);
}

static void cache_mode_is_the_contiguous_buffers_too(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	struct iokmem_map *of_task, *of_kernel;
	struct iokmem_desc *desc;
	unsigned long *frames;

	attach_address_space(test);
	desc = buffer_with(test, IOKMEM_KERNEL_TASK,
			   c->asked | IOKMEM_PHYSICALLY_CONTIGUOUS, SZ_64K + 5, 0);
	frames = frames_of(test, desc);
	expect_direct_map_cache(test, desc, c->given);
	of_task = map(test, desc, current, 0, 0, 0);
	expect_user_cache(test, of_task, c->given);
	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	expect_kernel_cache(test, of_kernel, c->given);
	put_map_now(test, of_task);
	put_map_now(test, of_kernel);

	put_and_wait(test, desc);
	expect_frames_write_back(test, frames, SZ_64K / PAGE_SIZE + 1);
}

/*
 * Other parts of the kernel try to change the type. Show that their calls and the driver's do
 * nothing.
 */
static void cache_mode_needs_more_than_page_protection(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);
	struct vm_area_struct *vma;
	struct iokmem_map *m;
	vm_fault_t ret;

	if (!IS_ENABLED(CONFIG_X86))
		kunit_skip(test, "here entries have types by themselves");
	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, address_of(m));
	ret = vmf_insert_pfn_prot(vma, address_of(m), pfn_of(desc, 0),
				  pgprot_writecombine(vma->vm_page_prot));
	mmap_read_unlock(current->mm);
	KUNIT_ASSERT_TRUE(test, ret == VM_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_COPYBACK_CACHE,
			entry_of(current->mm, address_of(m)).cache);
}

static void cache_mode_is_changed_by_the_first_map(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	struct iokmem_desc *desc = buffer(test, NULL, CACHE_SIZE, SZ_2M);
	unsigned long *frames = frames_of(test, desc);
	struct iokmem_map *m;

	attach_address_space(test);
	m = map(test, desc, current, c->asked, 0, 0);
	KUNIT_EXPECT_EQ(test, c->given, iokmem_desc_get_cache_mode(desc));
	KUNIT_EXPECT_EQ(test, c->given, iokmem_map_get_cache_mode(m));
	expect_user_cache(test, m, c->given);
	expect_direct_map_cache(test, desc, c->given);

	/* The mode stays for requests without a mode. */
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, c->given, iokmem_desc_get_cache_mode(desc));
	m = map(test, desc, current, 0, 0, 0);
	expect_user_cache(test, m, c->given);
	put_map_now(test, m);

	put_and_wait(test, desc);
	expect_frames_write_back(test, frames, CACHE_SIZE / PAGE_SIZE);
}

static void cache_mode_of_mapped_memory_is_not_changed(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *combined, *other;

	attach_address_space(test);
	combined = map(test, desc, current, IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0);
	/* A request for the default mode or for the current one joins. */
	KUNIT_EXPECT_PTR_EQ(test, combined, map(test, desc, current, 0, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, combined,
			    map(test, desc, current, IOKMEM_MAP_WRITE_COMBINE_CACHE,
				0, 0));
	other = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			kernel_entry_of(address_of(other)).cache);

	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_INHIBIT_CACHE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_COPYBACK_CACHE, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_REFERENCE | IOKMEM_MAP_INHIBIT_CACHE,
				  0, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			iokmem_desc_get_cache_mode(desc));
	expect_user_cache(test, combined, IOKMEM_MAP_WRITE_COMBINE_CACHE);
}

static DECLARE_COMPLETION(mmap_locked);

static int mmap_locker_thread(void *mm)
{
	mmap_read_lock(mm);
	complete(&mmap_locked);
	while (!kthread_should_stop())
		msleep(20);
	mmap_read_unlock(mm);
	return 0;
}

/* A map without an owner may still be visible to its task. */
static void cache_mode_is_not_changed_before_the_last_map_is_gone(struct kunit *test)
{
	const u32 inhibit = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_INHIBIT_CACHE;
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct task_struct *thread;
	struct iokmem_map *m;
	int tries = 100, err;

	attach_address_space(test);
	m = iokmem_desc_create_mapping_in_task(desc, current, 0, IOKMEM_MAP_ANYWHERE |
					       IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);

	/* Taking the map down waits for this lock. */
	thread = kthread_run(mmap_locker_thread, current->mm, "mmap_locker");
	if (!IS_ERR(thread))
		wait_for_completion(&mmap_locked);
	iokmem_map_put_async(m);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);

	while (READ_ONCE(desc->nr_maps) && tries--)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, inhibit, 0, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			iokmem_desc_get_cache_mode(desc));
	kthread_stop(thread);

	do {
		err = map_error(desc, IOKMEM_KERNEL_TASK, 0, inhibit, 0, 0);
	} while (err == -EBUSY && tries-- && !msleep_interruptible(20));
	KUNIT_EXPECT_EQ(test, 0, err);
}

static void cache_mode_of_held_memory_is_not_changed(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);

	attach_address_space(test);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_INHIBIT_CACHE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_COPYBACK_CACHE, 0, 0));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_COPYBACK_CACHE);

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, IOKMEM_DIRECTION_NONE));
	KUNIT_EXPECT_EQ(test, 0,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_INHIBIT_CACHE, 0, 0));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_INHIBIT_CACHE);
}

/* Its own address does not keep it from changing, since the address has the mode of the memory. */
static void cache_mode_of_a_kernel_buffer_is_changed_by_its_first_map(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, SZ_64K);
	void *bytes = iokmem_buffer_get_bytes_no_copy(desc);
	struct iokmem_map *combined;

	need_memory_types(test);
	attach_address_space(test);
	memset(bytes, 0x5a, SZ_64K);
	combined = map(test, desc, current, IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0);
	expect_user_cache(test, combined, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	expect_direct_map_cache(test, desc, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	KUNIT_EXPECT_PTR_EQ(test, bytes, iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_EXPECT_PTR_EQ(test, NULL, memchr_inv(bytes, 0x5a, SZ_64K));

	/* A map that is in use does, even if it is only the one that the buffer was made with. */
	put_map_now(test, combined);
	combined = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_COPYBACK_CACHE, 0, 0));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	put_map_now(test, combined);
}

/* Addresses of its own, other than the kernel's map of all memory, are a mapping like others. */
static void cache_mode_of_a_kernel_buffer_in_pieces_is_not_changed(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, SZ_4M + 2 * PAGE_SIZE, 0);

	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(iokmem_buffer_get_bytes_no_copy(desc)));
	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_COPYBACK_CACHE);
}

static void cache_mode_of_a_buffer_made_for_a_task_is_not_changed(struct kunit *test)
{
	struct iokmem_desc *desc;

	attach_address_space(test);
	desc = buffer(test, current, SZ_64K, 0);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_COPYBACK_CACHE);
}

static void cache_mode_comes_back_when_the_map_cannot_be_made(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	unsigned long taken;

	attach_address_space(test);
	taken = vm_mmap(NULL, 0, SZ_64K, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(taken));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			map_error(desc, current, taken,
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_COPYBACK_CACHE,
			iokmem_desc_get_cache_mode(desc));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	expect_direct_map_cache(test, desc, IOKMEM_MAP_COPYBACK_CACHE);
}

static void cache_mode_keeps_the_content(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	const u32 modes[] = {
		IOKMEM_MAP_WRITE_COMBINE_CACHE, IOKMEM_MAP_INHIBIT_CACHE,
		IOKMEM_MAP_WRITE_COMBINE_CACHE, IOKMEM_MAP_COPYBACK_CACHE,
	};
	int i;

	attach_address_space(test);
	fill_pattern(desc);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct iokmem_map *m = map(test, desc, current, modes[i], 0, 0);

		expect_user_cache(test, m, modes[i]);
		KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SZ_64K, 0));
		put_map_now(test, m);
	}
}

static void pool_hands_out_zeroed_memory_of_its_type(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long *frames;
	u8 *bytes;

	iokmem_pool_drain();
	desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			   SZ_64K, 0);
	frames = frames_of(test, desc);
	memset(iokmem_buffer_get_bytes_no_copy(desc), 0xa5, SZ_64K);
	put_buffer_now(test, desc);

	/* The memory is idle, zero and has its type. */
	KUNIT_EXPECT_EQ(test, SZ_64K / PAGE_SIZE, iokmem_pool_idle());
	bytes = page_address(pfn_to_page(frames[0]));
	KUNIT_EXPECT_EQ(test, direct_entry_cache(IOKMEM_MAP_WRITE_COMBINE_CACHE),
			direct_map_cache(frames[0]));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, SZ_64K));

	/* A pool of the other type does not get it. */
	desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_MAP_INHIBIT_CACHE,
			   SZ_64K, 0);
	KUNIT_EXPECT_NE(test, frames[0], pfn_of(desc, 0));
	KUNIT_EXPECT_EQ(test, SZ_64K / PAGE_SIZE, iokmem_pool_idle());
	put_buffer_now(test, desc);

	desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			   SZ_64K, 0);
	KUNIT_EXPECT_EQ(test, frames[0], pfn_of(desc, 0));
	KUNIT_EXPECT_NULL(test, memchr_inv(iokmem_buffer_get_bytes_no_copy(desc), 0,
					   SZ_64K));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	put_buffer_now(test, desc);

	iokmem_pool_drain();
	KUNIT_EXPECT_EQ(test, 0, iokmem_pool_idle());
	expect_frames_write_back(test, frames, SZ_64K / PAGE_SIZE);
}

static void pool_keeps_no_more_than_was_used_lately(struct kunit *test)
{
	struct iokmem_desc *a, *b;
	int i;

	iokmem_pool_drain();
	for (i = 0; i < 40; i++)
		iokmem_pool_trim();
	a = buffer_with(test, NULL, IOKMEM_MAP_INHIBIT_CACHE, SZ_64K, 0);
	b = buffer_with(test, NULL, IOKMEM_MAP_INHIBIT_CACHE, SZ_64K, 0);
	put_buffer_now(test, a);
	put_buffer_now(test, b);
	KUNIT_EXPECT_EQ(test, 2 * SZ_64K / PAGE_SIZE, iokmem_pool_idle());

	/* In each period half of the peak is forgotten, until nothing is left. */
	iokmem_pool_trim();
	KUNIT_EXPECT_EQ(test, 2 * SZ_64K / PAGE_SIZE, iokmem_pool_idle());
	iokmem_pool_trim();
	KUNIT_EXPECT_EQ(test, SZ_64K / PAGE_SIZE, iokmem_pool_idle());
	for (i = 0; i < 40; i++)
		iokmem_pool_trim();
	KUNIT_EXPECT_EQ(test, 0, iokmem_pool_idle());
}

static void pool_gets_back_nothing_of_another_type(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long *frames;

	iokmem_pool_drain();
	attach_address_space(test);
	desc = buffer_with(test, NULL, IOKMEM_MAP_INHIBIT_CACHE, SZ_64K, 0);
	frames = frames_of(test, desc);
	KUNIT_ASSERT_EQ(test, 0,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	expect_direct_map_cache(test, desc, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	put_and_wait(test, desc);
	expect_frames_write_back(test, frames, SZ_64K / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, iokmem_pool_idle());
}

/* Empty the pools as the kernel empties all such caches. */
static void pool_is_emptied_when_memory_is_short(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long *frames;
	int i;

	iokmem_pool_drain();
	desc = buffer_with(test, NULL, IOKMEM_MAP_WRITE_COMBINE_CACHE, SZ_2M, 0);
	frames = frames_of(test, desc);
	put_buffer_now(test, desc);
	KUNIT_EXPECT_EQ(test, SZ_2M / PAGE_SIZE, iokmem_pool_idle());
	for (i = 0; i < 10 && iokmem_pool_idle(); i++)
		KUNIT_ASSERT_EQ(test, 0, write_line("/proc/sys/vm/drop_caches", "2"));
	KUNIT_EXPECT_EQ(test, 0, iokmem_pool_idle());
	expect_frames_write_back(test, frames, SZ_2M / PAGE_SIZE);
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE_PARAM(cache_mode_is_in_every_entry_and_gone_when_freed,
			 mode_gen_params),
	KUNIT_CASE_PARAM(cache_mode_is_the_contiguous_buffers_too, mode_gen_params),
	KUNIT_CASE(cache_mode_needs_more_than_page_protection),
	KUNIT_CASE_PARAM(cache_mode_is_changed_by_the_first_map, mode_gen_params),
	KUNIT_CASE(cache_mode_of_mapped_memory_is_not_changed),
	KUNIT_CASE(cache_mode_is_not_changed_before_the_last_map_is_gone),
	KUNIT_CASE(cache_mode_of_held_memory_is_not_changed),
	KUNIT_CASE(cache_mode_of_a_kernel_buffer_is_changed_by_its_first_map),
	KUNIT_CASE(cache_mode_of_a_kernel_buffer_in_pieces_is_not_changed),
	KUNIT_CASE(cache_mode_of_a_buffer_made_for_a_task_is_not_changed),
	KUNIT_CASE(cache_mode_comes_back_when_the_map_cannot_be_made),
	KUNIT_CASE(cache_mode_keeps_the_content),
	KUNIT_CASE(pool_hands_out_zeroed_memory_of_its_type),
	KUNIT_CASE(pool_keeps_no_more_than_was_used_lately),
	KUNIT_CASE(pool_gets_back_nothing_of_another_type),
	KUNIT_CASE(pool_is_emptied_when_memory_is_short),
	{}
};

static struct kunit_suite cache_suite = {
	.name = "iokmem_cache",
	.init = cache_init,
	.test_cases = cache_cases,
};

kunit_test_suite(cache_suite);

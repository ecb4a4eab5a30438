// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that fail because the kernel has no memory. For every kind of memory, each
 * operation that allocates runs once for each allocation in it, which is made to fail.
 * Needs a kernel with fault injection, which must be enabled: see scripts/guest/test.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "exporter.h"
#include "kinds.h"
#include "page/pool.h"

#define MAX_PLACES	300

/**
 * struct attempt - an operation that may fail
 * @name: for people
 * @run: carry out the operation, and undo it if it has succeeded
 */
struct attempt {
	const char *name;
	int (*run)(struct iokmem_desc *desc);
};

static struct device *dma_device;

static int show_device(struct iokmem_desc *desc, bool copy)
{
	static const struct iokmem_dma_specification anything;
	struct iokmem_dma *dma;
	int err;

	dma = iokmem_dma_with_specification(dma_device, &anything);
	if (IS_ERR(dma))
		return PTR_ERR(dma);
	err = iokmem_dma_set_memory_descriptor(dma, desc, true);
	if (!err && copy)
		err = iokmem_dma_double_buffer(dma);
	iokmem_dma_put(dma);
	return err;
}

static int run_show_device(struct iokmem_desc *desc)
{
	return show_device(desc, false);
}

static int run_show_copy(struct iokmem_desc *desc)
{
	return show_device(desc, true);
}

static int run_export(struct iokmem_desc *desc)
{
	struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(desc, 0);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	dma_buf_put(dmabuf);
	return 0;
}

/* A dma-buf of the descriptor, made while nothing fails; NULL if none can be made. */
static struct dma_buf *exported;

static int run_show_importer(struct iokmem_desc *desc)
{
	struct dma_buf_attachment *attachment;
	struct sg_table *table;

	if (!exported)
		return 0;
	attachment = dma_buf_attach(exported, dma_device);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	table = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	if (!IS_ERR(table))
		dma_buf_unmap_attachment_unlocked(attachment, table, DMA_BIDIRECTIONAL);
	dma_buf_detach(exported, attachment);
	return PTR_ERR_OR_ZERO(table);
}

/* Calls ->vmap() directly, since dma_buf_vmap() would warn of a failure. */
static int run_export_to_kernel(struct iokmem_desc *desc)
{
	struct iosys_map map;
	int err;

	if (!exported || !exported->ops->vmap)
		return 0;
	dma_resv_lock(exported->resv, NULL);
	err = exported->ops->vmap(exported, &map);
	if (!err)
		exported->ops->vunmap(exported, &map);
	dma_resv_unlock(exported->resv);
	return err;
}

static int run_prepare(struct iokmem_desc *desc)
{
	int err = iokmem_desc_prepare(desc, NONE);

	return err ? err : iokmem_desc_complete(desc, NONE);
}

static int run_map_kernel(struct iokmem_desc *desc)
{
	return map_error(desc, IOKMEM_KERNEL_TASK, 0,
			 IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE, 0, 0);
}

static int run_map_kernel_guarded(struct iokmem_desc *desc)
{
	return map_error(desc, IOKMEM_KERNEL_TASK, 0,
			 IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_GUARDED_SMALL, 0, 0);
}

static int run_map_task(struct iokmem_desc *desc)
{
	return map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY,
			 0, 0);
}

static int run_map_guarded(struct iokmem_desc *desc)
{
	return map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY |
			 IOKMEM_MAP_GUARDED_LARGE | IOKMEM_MAP_PREFAULT, 0, 0);
}

static int run_map_pinnable(struct iokmem_desc *desc)
{
	return map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE |
			 IOKMEM_MAP_PREFAULT, 0, 0);
}

static int do_nothing(void *address, size_t length, void *data)
{
	return 0;
}

static int run_scoped(struct iokmem_desc *desc)
{
	return iokmem_desc_with_mapping(desc, IOKMEM_MAP_UNIQUE, 0, 0, do_nothing, NULL);
}

/* Record a mapping that already exists. */
static int run_record(struct iokmem_desc *desc)
{
	struct iokmem_map *there, *map;
	int err;

	there = iokmem_desc_map(desc, IOKMEM_MAP_UNIQUE);
	if (IS_ERR(there))
		return PTR_ERR(there);
	map = iokmem_desc_set_mapping(desc, IOKMEM_KERNEL_TASK,
				      iokmem_map_get_address(there), 0);
	err = PTR_ERR_OR_ZERO(map);
	if (!err)
		iokmem_map_put(map);
	iokmem_map_put(there);
	return err;
}

/* A map that is redirected to the memory, and the memory that it was made of. */
static struct iokmem_map *redirected;
static struct iokmem_desc *redirected_home;

static int run_redirect(struct iokmem_desc *desc)
{
	int err = iokmem_map_redirect(redirected, desc, 0, 0), nth = current->fail_nth;

	/* Redirecting the map back must not fail. */
	current->fail_nth = 0;
	if (!err && iokmem_map_redirect(redirected, redirected_home, 0, 0))
		err = -ENOTRECOVERABLE;
	if (iokmem_map_get_memory_descriptor(redirected) != redirected_home)
		err = -ENOTRECOVERABLE;
	current->fail_nth = nth;
	return err;
}

static u32 another_mode(const struct iokmem_desc *desc)
{
	return iokmem_desc_get_cache_mode(desc) == IOKMEM_MAP_WRITE_COMBINE_CACHE ?
	       IOKMEM_MAP_INHIBIT_CACHE : IOKMEM_MAP_WRITE_COMBINE_CACHE;
}

static int run_retype_kernel(struct iokmem_desc *desc)
{
	return map_error(desc, IOKMEM_KERNEL_TASK, 0,
			 IOKMEM_MAP_ANYWHERE | another_mode(desc), 0, 0);
}

static int run_retype_task(struct iokmem_desc *desc)
{
	return map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE | another_mode(desc), 0, 0);
}

static int run_access(struct iokmem_desc *desc)
{
	u8 bytes[16] = {};
	int err;

	err = iokmem_desc_write_bytes(desc, PAGE_SIZE - 8, bytes, sizeof(bytes));
	return err ? err : iokmem_desc_read_bytes(desc, PAGE_SIZE - 8, bytes, sizeof(bytes));
}

static int run_counts(struct iokmem_desc *desc)
{
	return iokmem_desc_get_page_counts(desc, NULL, NULL);
}

static int made(struct iokmem_desc *desc)
{
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

static int run_make_sub(struct iokmem_desc *desc)
{
	return made(iokmem_sub_with_sub_range(desc, PAGE_SIZE, PAGE_SIZE, INOUT));
}

static int run_make_multi(struct iokmem_desc *desc)
{
	struct iokmem_desc *members[] = { desc, desc, desc };

	return made(iokmem_multi_with_descriptors(members, ARRAY_SIZE(members), INOUT));
}

static int run_make_buffer(struct iokmem_desc *desc)
{
	return made(iokmem_buffer_with_options(INOUT, SZ_64K + PAGE_SIZE, SZ_64K));
}

static int run_make_buffer_for_task(struct iokmem_desc *desc)
{
	return made(iokmem_buffer_in_task_with_options(current, INOUT, SZ_64K, 0));
}

static int run_make_combined(struct iokmem_desc *desc)
{
	iokmem_pool_drain();
	return made(iokmem_buffer_with_options(INOUT | IOKMEM_MAP_WRITE_COMBINE_CACHE,
					       SZ_64K, 0));
}

static int run_make_contiguous(struct iokmem_desc *desc)
{
	return made(iokmem_buffer_with_options(INOUT | IOKMEM_PHYSICALLY_CONTIGUOUS |
					       IOKMEM_MAP_INHIBIT_CACHE, SZ_64K, 0));
}

static int run_make_below(struct iokmem_desc *desc)
{
	return made(iokmem_buffer_in_task_with_physical_mask(NULL, INOUT, 5 * PAGE_SIZE,
							     DMA_BIT_MASK(28)));
}

static int run_make_purgeable(struct iokmem_desc *desc)
{
	return made(iokmem_buffer_with_options(INOUT | IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
					       SZ_64K, 0));
}

static int run_make_coherent(struct iokmem_desc *desc)
{
	return made(iokmem_buffer_coherent(dma_device, INOUT, SZ_64K));
}

static int run_make_kernel_range(struct iokmem_desc *desc)
{
	return made(iokmem_desc_with_address(&dma_device, sizeof(dma_device), INOUT));
}

static int run_make_physical(struct iokmem_desc *desc)
{
	return made(iokmem_desc_with_physical_address(RESERVED_START, SZ_64K, INOUT));
}

static struct exporter *foreign;

static int run_make_import(struct iokmem_desc *desc)
{
	return made(iokmem_desc_with_dma_buf(foreign->dmabuf, INOUT));
}

static int run_make_guard(struct iokmem_desc *desc)
{
	return made(iokmem_guard_with_size(1));
}

static int run_make_persistent(struct iokmem_desc *desc)
{
	return made(iokmem_desc_with_persistent_memory_descriptor(desc));
}

static const struct attempt makings[] = {
	{ "buffer", run_make_buffer },
	{ "buffer for a task", run_make_buffer_for_task },
	{ "write-combined buffer", run_make_combined },
	{ "contiguous buffer", run_make_contiguous },
	{ "buffer below an address", run_make_below },
	{ "purgeable buffer", run_make_purgeable },
	{ "coherent buffer", run_make_coherent },
	{ "range of the kernel's", run_make_kernel_range },
	{ "physical memory", run_make_physical },
	{ "guard pages", run_make_guard },
	{ "import", run_make_import },
	{ "persistent range", run_make_persistent },
};

static const struct attempt attempts[] = {
	{ "prepare", run_prepare },
	{ "show to a device", run_show_device },
	{ "show a copy to a device", run_show_copy },
	{ "make a dma-buf", run_export },
	{ "show to an importer", run_show_importer },
	{ "show to an importer in the kernel", run_export_to_kernel },
	{ "map into the kernel", run_map_kernel },
	{ "map into the kernel, guarded", run_map_kernel_guarded },
	{ "map into a task", run_map_task },
	{ "map into a task, guarded and filled", run_map_guarded },
	{ "map into a task, pinnable", run_map_pinnable },
	{ "map for a call", run_scoped },
	{ "record a mapping", run_record },
	{ "redirect", run_redirect },
	{ "retype for the kernel", run_retype_kernel },
	{ "retype for a task", run_retype_task },
	{ "access", run_access },
	{ "count pages", run_counts },
	{ "make a sub-descriptor", run_make_sub },
	{ "make a multi-descriptor", run_make_multi },
};

/* The state that a failed attempt must leave unchanged. */
struct state {
	unsigned int prepared, held, nr_maps, nr_mapped;
	u32 cache_mode;
};

static struct state state_of(const struct iokmem_desc *desc)
{
	if (desc->parent)
		desc = desc->parent;
	return (struct state){
		.prepared = desc->prepared,
		.held = desc->held,
		.nr_maps = desc->nr_maps,
		.nr_mapped = desc->nr_mapped,
		.cache_mode = iokmem_desc_get_cache_mode(desc),
	};
}

static void expect_clean_failure(struct kunit *test, const struct attempt *attempt,
				 int place, int err, int usual,
				 struct state before, const struct iokmem_desc *desc)
{
	struct state after = state_of(desc);
	int tries = 100;

	/* A user mapping releases its memory a moment later. */
	while (after.held != before.held && tries--) {
		flush_delayed_fput();
		msleep(20);
		after = state_of(desc);
	}
	if (err == usual)
		before.cache_mode = after.cache_mode;
	else
		/* ioremap() does not say why it fails, and a copy is a buffer to bounce in. */
		KUNIT_EXPECT_TRUE_MSG(test, err == -ENOMEM || err == -EBUSY || err == -ENOBUFS,
				      "%s, place %d: %d", attempt->name, place, err);
	KUNIT_EXPECT_MEMEQ_MSG(test, &before, &after, sizeof(before), "%s, place %d",
			       attempt->name, place);
}

static int failure_init(struct kunit *test)
{
	void *object;

	current->fail_nth = 1;
	object = kmalloc(1, GFP_KERNEL);
	current->fail_nth = 0;
	kfree(object);
	if (object)
		kunit_skip(test, "the kernel lets nothing fail: see failslab in debugfs");
	return 0;
}

/* Make each allocation of an attempt fail in turn. Return how often the attempt failed. */
static int one_place_after_the_other(struct kunit *test, struct iokmem_desc *desc,
				     const struct attempt *attempt)
{
	struct state start = state_of(desc);
	int usual = attempt->run(desc), failures = 0, nth, err;
	bool reached = true;

	expect_clean_failure(test, attempt, 0, usual, usual, start, desc);
	for (nth = 1; reached; nth++) {
		struct state before = state_of(desc);

		KUNIT_ASSERT_GT(test, MAX_PLACES, nth);
		current->fail_nth = nth;
		err = attempt->run(desc);
		reached = !current->fail_nth;
		current->fail_nth = 0;
		failures += err != usual;
		expect_clean_failure(test, attempt, nth, err, usual, before, desc);
	}
	KUNIT_EXPECT_EQ_MSG(test, usual, err, "%s", attempt->name);
	return failures;
}

static void kind_fails_cleanly_at_every_place(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	int i, failures = 0;

	dma_device = kunit_device_register(test, "iokmem-failure");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_device);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dma_device, DMA_BIT_MASK(64)));
	exported = NULL;
	redirected_home = buffer(test, NULL, PAGE_ALIGN(KIND_LENGTH), 0);
	redirected = map(test, redirected_home, current, IOKMEM_MAP_UNIQUE, 0, KIND_LENGTH);
	for (i = 0; i < ARRAY_SIZE(attempts); i++)
		failures += one_place_after_the_other(test, desc, &attempts[i]);
	KUNIT_EXPECT_GT(test, failures, 0);
	/* Repeat all attempts while the frames are known. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	if (!kind->export_error && !kind->imported) {
		exported = iokmem_desc_get_dma_buf(desc, 0);
		keep_dma_buf(test, exported);
	}
	for (i = 0; i < ARRAY_SIZE(attempts); i++)
		one_place_after_the_other(test, desc, &attempts[i]);
}

static void kinds_are_made_or_fail_cleanly(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;
	int i;

	need_reserved(test);
	dma_device = device(test);
	foreign = exporter(test, 0);
	attach_address_space(test);
	address = user_memory(test, PAGE_SIZE, false);
	desc = iokmem_desc_with_address_range(address, PAGE_SIZE,
					      INOUT | IOKMEM_PERSISTENT, current);
	keep_desc(test, desc);
	for (i = 0; i < ARRAY_SIZE(makings); i++)
		KUNIT_EXPECT_GT_MSG(test, one_place_after_the_other(test, desc, &makings[i]),
				    0, "%s", makings[i].name);
}

static struct kunit_case failure_cases[] = {
	KUNIT_CASE_PARAM(kind_fails_cleanly_at_every_place, kind_gen_params),
	KUNIT_CASE(kinds_are_made_or_fail_cleanly),
	{}
};

static struct kunit_suite failure_suite = {
	.name = "iokmem_failure",
	.init = failure_init,
	.test_cases = failure_cases,
};

kunit_test_suite(failure_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of physical memory that exists already: registers, and memory that is reserved.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ioport.h>

#include "kinds.h"

static int physical_error(phys_addr_t address, size_t length, u32 options)
{
	struct iokmem_desc *desc = iokmem_desc_with_physical_address(address, length,
								     options);

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

struct io_case {
	const char *name;
	u32 asked;
	u32 given;
};

static const struct io_case io_cases[] = {
	{ "default", IOKMEM_MAP_DEFAULT_CACHE, IOKMEM_MAP_INHIBIT_CACHE },
	{ "inhibit", IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_INHIBIT_CACHE },
	{ "write-through", IOKMEM_MAP_WRITE_THRU_CACHE,
	  IS_ENABLED(CONFIG_X86) ? IOKMEM_MAP_WRITE_THRU_CACHE : IOKMEM_MAP_INHIBIT_CACHE },
	{ "copyback", IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_COPYBACK_CACHE },
	{ "write-combine", IOKMEM_MAP_WRITE_COMBINE_CACHE,
	  IOKMEM_MAP_WRITE_COMBINE_CACHE },
	{ "posted write", IOKMEM_MAP_POSTED_WRITE, IOKMEM_MAP_INHIBIT_CACHE },
	{ "real time", IOKMEM_MAP_REAL_TIME_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE },
};

static void io_desc(const struct io_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(io, io_cases, io_desc);

static void expect_unused_otherwise(struct kunit *test, u32 cache)
{
	int tries = 100, err;

	do {
		err = physical_error(RESERVED_START, RESERVED_SIZE, cache);
	} while (err == -EBUSY && tries-- && !msleep_interruptible(20));
	KUNIT_ASSERT_EQ(test, 0, err);
}

/*
 * Wait until memory of an earlier test is gone, a moment after its descriptor. Memory that may
 * have two types has neither.
 */
static void expect_unused(struct kunit *test)
{
	expect_unused_otherwise(test, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	expect_unused_otherwise(test, IOKMEM_MAP_INHIBIT_CACHE);
}

static struct iokmem_desc *reserved_at(struct kunit *test, u64 start, size_t length,
				       u32 options)
{
	need_reserved(test);
	need_memory_types(test);
	expect_unused(test);
	return keep_desc(test, iokmem_desc_with_physical_address(start, length, options));
}

static struct iokmem_desc *reserved(struct kunit *test, size_t length, u32 options)
{
	return reserved_at(test, RESERVED_START, length, options);
}

/* Maps in the kernel and in user tasks, with huge and with small entries. */
static void expect_physical_cache(struct kunit *test, struct iokmem_desc *desc,
				  u32 options, u32 cache)
{
	struct iokmem_map *m = map(test, desc, current, options, 0, 0), *of_kernel;
	unsigned long at;

	KUNIT_EXPECT_EQ(test, cache, iokmem_desc_get_cache_mode(desc));
	KUNIT_EXPECT_EQ(test, cache, iokmem_map_get_cache_mode(m));
	for (at = address_of(m); at < address_of(m) + m->length; at += PAGE_SIZE) {
		KUNIT_ASSERT_EQ(test, 0UL, touch(at));
		KUNIT_ASSERT_EQ(test, cache, entry_of(current->mm, at).cache);
	}
	KUNIT_EXPECT_EQ(test, PHYS_PFN(RESERVED_START), entry_of(current->mm, address_of(m)).pfn);
	if (IOKMEM_HUGE_ENTRIES && m->length >= PMD_SIZE)
		KUNIT_EXPECT_EQ(test, cache != IOKMEM_MAP_WRITE_THRU_CACHE,
				entry_of(current->mm, address_of(m)).huge);
	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, cache, kernel_entry_of(address_of(of_kernel)).cache);
	put_map_now(test, of_kernel);
	of_kernel = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_EQ(test, cache, kernel_entry_of(address_of(of_kernel)).cache);
	put_map_now(test, of_kernel);
	put_map_now(test, m);
}

static void physical_memory_has_the_cache_mode_asked_for(struct kunit *test)
{
	const struct io_case *c = test->param_value;

	attach_address_space(test);
	expect_physical_cache(test, reserved(test, SZ_2M + SZ_64K, INOUT | c->asked), 0,
			      c->given);
}

static void physical_memory_is_retyped_by_the_first_map(struct kunit *test)
{
	const struct io_case *c = test->param_value;
	struct iokmem_desc *desc = reserved(test, SZ_64K, INOUT);
	u32 given = c->asked ? c->given : IOKMEM_MAP_INHIBIT_CACHE;
	struct iokmem_map *m;

	attach_address_space(test);
	expect_physical_cache(test, desc, c->asked, given);
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  (given == IOKMEM_MAP_INHIBIT_CACHE ?
				   IOKMEM_MAP_WRITE_COMBINE_CACHE :
				   IOKMEM_MAP_INHIBIT_CACHE), 0, 0));
	KUNIT_EXPECT_EQ(test, given, kernel_entry_of(address_of(m)).cache);
}

/* The kernel maps no empty range, neither with the new cache mode nor with the old one. */
static void physical_memory_is_mapped_again_after_a_failure(struct kunit *test)
{
	struct iokmem_desc *desc = reserved(test, SZ_64K, INOUT);
	unsigned long pages = desc->extents.array[0].end;
	u8 byte;

	need_memory_types(test);
	attach_address_space(test);
	desc->extents.array[0].end = 0;
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	desc->extents.array[0].end = pages;
	expect_physical_cache(test, desc, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			      IOKMEM_MAP_WRITE_COMBINE_CACHE);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
}

static void physical_memory_mapped_otherwise_elsewhere_is_busy(struct kunit *test)
{
	void __iomem *io;

	need_reserved(test);
	need_memory_types(test);
	expect_unused(test);
	io = ioremap(RESERVED_START, PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)io);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			physical_error(RESERVED_START, SZ_64K,
				       IOKMEM_MAP_WRITE_COMBINE_CACHE));
	/* Another map with equal properties is allowed. */
	KUNIT_EXPECT_EQ(test, 0, physical_error(RESERVED_START, SZ_64K, 0));
	iounmap(io);
}

static int find_ram(struct resource *resource, void *start)
{
	*(u64 *)start = resource->start;
	return 1;
}

static void physical_memory_is_not_the_kernels(struct kunit *test)
{
	struct iokmem_desc *own = buffer(test, NULL, PAGE_SIZE, 0);
	u64 start = 0;

	KUNIT_EXPECT_EQ(test, -EPERM,
			physical_error(PFN_PHYS(pfn_of(own, 0)), PAGE_SIZE, INOUT));
	/* Nor may the range begin or end there. */
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
			    SZ_1M, U64_MAX, &start, find_ram);
	KUNIT_ASSERT_NE(test, 0, start);
	KUNIT_EXPECT_EQ(test, -EPERM, physical_error(start - 1, 2, INOUT));
	need_reserved(test);
	KUNIT_EXPECT_EQ(test, -EPERM, physical_error(RESERVED_START - 1, 2, 0));
	KUNIT_EXPECT_EQ(test, -EPERM, physical_error(RESERVED_START, RESERVED_SIZE + 1, 0));
}

static const struct refused_range physical_cases[] = {
	{ "length 0", RESERVED_START, 0, INOUT, -EINVAL },
	{ "wraps", U64_MAX - 5, 7, INOUT, -EOVERFLOW },
	{ "ends in the last page", U64_MAX - 5, 4, INOUT, -EOVERFLOW },
	{ "length SIZE_MAX", RESERVED_START, SIZE_MAX, INOUT, -EOVERFLOW },
	{ "beyond all addresses", 1ULL << 62, 1, INOUT, -ERANGE },
	{ "unknown option", RESERVED_START, 1, 8, -EOPNOTSUPP },
	{ "persistent", RESERVED_START, 1, IOKMEM_PERSISTENT, -EOPNOTSUPP },
	{ "no cache mode at all", RESERVED_START, 1, IOKMEM_MAP_CACHE_MASK, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM(physical, physical_cases, refused_range_desc);

static void physical_refuses_bad_argument(struct kunit *test)
{
	const struct refused_range *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->err, physical_error(c->address, c->length, c->options));
	KUNIT_EXPECT_EQ(test, c->err,
			PTR_ERR(iokmem_desc_with_address_range(c->address, c->length,
							       c->options, NULL)));
}

static void physical_registers_beside_it_are_not_shown(struct kunit *test)
{
	struct iokmem_desc *desc = reserved_at(test, RESERVED_START + 8, 2 * PAGE_SIZE,
					       INOUT);
	struct iokmem_map *m;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	m = map(test, desc, current, 0, PAGE_SIZE - 8, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0UL, touch(address_of(m)));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(RESERVED_START) + 1,
			entry_of(current->mm, address_of(m)).pfn);
	/* The kernel may map them. */
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 8, offset_in_page(address_of(m)));
}

static struct kunit_case physical_test_cases[] = {
	KUNIT_CASE_PARAM(physical_memory_has_the_cache_mode_asked_for, io_gen_params),
	KUNIT_CASE_PARAM(physical_memory_is_retyped_by_the_first_map, io_gen_params),
	KUNIT_CASE(physical_memory_is_mapped_again_after_a_failure),
	KUNIT_CASE(physical_memory_mapped_otherwise_elsewhere_is_busy),
	KUNIT_CASE(physical_memory_is_not_the_kernels),
	KUNIT_CASE_PARAM(physical_refuses_bad_argument, physical_gen_params),
	KUNIT_CASE(physical_registers_beside_it_are_not_shown),
	{}
};

static struct kunit_suite physical_suite = {
	.name = "iokmem_physical",
	.test_cases = physical_test_cases,
};

kunit_test_suite(physical_suite);

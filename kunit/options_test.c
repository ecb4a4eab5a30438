// SPDX-License-Identifier: GPL-2.0
/* Every pair of options of a buffer: refused as the table says, or both in force. */
#include "helpers.h"
#include "map/buffer.h"
#include "option_pairs.h"

#define LENGTH	(SZ_64K + 5)

static const char * const names[NR_OPTIONS] = {
	"contiguous", "pageable", "purgeable", "shared", "copyback", "uncached",
	"write-combined", "write-through", "aligned", "more aligned", "below",
	"below, aligned", "for the kernel", "for a task",
};

static void apply(struct iokmem_buffer_args *args, enum option option)
{
	args->options |= option_flags[option];
	switch (option) {
	case OPTION_ALIGNED:
		args->alignment = SZ_64K;
		break;
	case OPTION_MORE_ALIGNED:
		args->alignment = SZ_8M;
		break;
	case OPTION_BELOW:
		args->physical_mask = 0xffffffff;
		break;
	case OPTION_BELOW_ALIGNED:
		args->physical_mask = 0xffff0000;
		break;
	case OPTION_KERNEL:
		args->task = IOKMEM_KERNEL_TASK;
		break;
	case OPTION_TASK:
		args->task = current;
		break;
	default:
		break;
	}
}

static bool one_piece(struct iokmem_desc *desc)
{
	phys_addr_t address;
	size_t length;

	return !iokmem_desc_get_physical_segment(desc, 0, &address, &length) &&
	       length == LENGTH;
}

/* Memory that nobody holds has no physical address. */
static bool nowhere(struct iokmem_desc *desc)
{
	phys_addr_t address;
	size_t length;

	return iokmem_desc_get_physical_segment(desc, 0, &address, &length) == -EBADFD;
}

static bool has_kernel_address(struct iokmem_desc *desc)
{
	bool has;

	if (iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE))
		return false;
	has = iokmem_buffer_get_bytes_no_copy(desc);
	return !iokmem_desc_complete(desc, IOKMEM_DIRECTION_NONE) && has;
}

static bool aligned(struct iokmem_desc *desc, size_t alignment)
{
	unsigned long address = iokmem_buffer_get_address(desc);

	return IS_ALIGNED(PFN_PHYS(pfn_of(desc, 0)), alignment) &&
	       IS_ALIGNED(address, alignment);
}

static bool has_cache_mode(struct iokmem_desc *desc, u32 mode)
{
	return iokmem_desc_get_cache_mode(desc) == mode &&
	       (nowhere(desc) ||
		direct_map_cache(pfn_of(desc, LENGTH - 1)) == direct_entry_cache(mode));
}

/* Check that the buffer has what the option promises. */
static bool has(struct iokmem_desc *desc, enum option option)
{
	switch (option) {
	case OPTION_CONTIGUOUS:
		return one_piece(desc);
	case OPTION_PAGEABLE:
		return nowhere(desc);
	case OPTION_PURGEABLE:
		return !iokmem_desc_set_purgeable(desc, IOKMEM_PURGEABLE_KEEP_CURRENT,
						  NULL);
	case OPTION_SHARED:
		return !map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0) &&
		       !map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE, 0, 0);
	case OPTION_COPYBACK:
		return has_cache_mode(desc, IOKMEM_MAP_COPYBACK_CACHE);
	case OPTION_UNCACHED:
	case OPTION_THROUGH:
		return has_cache_mode(desc, IOKMEM_MAP_INHIBIT_CACHE);
	case OPTION_COMBINED:
		return has_cache_mode(desc, IOKMEM_MAP_WRITE_COMBINE_CACHE);
	case OPTION_ALIGNED:
		return aligned(desc, SZ_64K);
	case OPTION_MORE_ALIGNED:
		return aligned(desc, SZ_8M) && one_piece(desc);
	case OPTION_BELOW:
		return pfn_of(desc, LENGTH - 1) < SZ_4G >> PAGE_SHIFT;
	case OPTION_BELOW_ALIGNED:
		return aligned(desc, SZ_64K) && one_piece(desc) &&
		       pfn_of(desc, LENGTH - 1) < SZ_4G >> PAGE_SHIFT;
	case OPTION_KERNEL:
		return has_kernel_address(desc);
	case OPTION_TASK:
		return !touch(iokmem_buffer_get_address(desc) + LENGTH - 1);
	default:
		return false;
	}
}

static void try_pair(struct kunit *test, enum option a, enum option b)
{
	struct iokmem_buffer_args args = { .capacity = LENGTH };
	struct iokmem_desc *desc;
	int err;

	if (option_pairs[a][b] == ' ')
		return;
	apply(&args, a);
	apply(&args, b);
	desc = iokmem_buffer_create(&args);
	err = option_pairs[a][b] == '+' ? 0 :
	      option_pairs[a][b] == 'I' ? -EINVAL : -EOPNOTSUPP;
	KUNIT_EXPECT_EQ_MSG(test, err, PTR_ERR_OR_ZERO(desc), "%s, %s", names[a],
			    names[b]);
	if (IS_ERR(desc))
		return;
	KUNIT_EXPECT_TRUE_MSG(test, has(desc, a), "%s, %s: not %s", names[a], names[b],
			      names[a]);
	KUNIT_EXPECT_TRUE_MSG(test, has(desc, b), "%s, %s: not %s", names[a], names[b],
			      names[b]);
	iokmem_desc_put(desc);
}

static void options_keep_their_promises_in_pairs(struct kunit *test)
{
	enum option a, b;

	need_memory_types(test);
	attach_address_space(test);
	for (a = 0; a < NR_OPTIONS; a++)
		for (b = 0; b < NR_OPTIONS; b++)
			try_pair(test, a, b);
}

static void options_table_has_no_two_answers(struct kunit *test)
{
	enum option a, b;

	for (a = 0; a < NR_OPTIONS; a++)
		for (b = 0; b < NR_OPTIONS; b++)
			KUNIT_EXPECT_EQ(test, option_pairs[a][b], option_pairs[b][a]);
}

static struct kunit_case options_cases[] = {
	KUNIT_CASE(options_keep_their_promises_in_pairs),
	KUNIT_CASE(options_table_has_no_two_answers),
	{}
};

static struct kunit_suite options_suite = {
	.name = "iokmem_options",
	.test_cases = options_cases,
};

kunit_test_suite(options_suite);

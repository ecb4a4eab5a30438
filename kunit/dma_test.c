// SPDX-License-Identifier: GPL-2.0
/*
 * DMA commands: showing every kind of memory to a device, cutting it into segments, refusals,
 * and the end of a command when its device's driver goes.
 */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/mman.h>

#include "desc/dma_view.h"
#include "dma_helpers.h"

/* Nothing is at this address on the test machines, and it is not RAM. */
#define NOBODYS_ADDRESS	0xd0000000UL

static void dma_shows_every_kind_to_a_device(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	struct iokmem_desc *root = desc->parent ? desc->parent : desc;
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	unsigned int held = root->held;
	int err;

	err = iokmem_dma_prepare(dma, 0, 0);
	if (kind->no_segments || kind->not_counted) {
		/* Other tests cover these kinds. */
		KUNIT_EXPECT_EQ(test, kind->no_segments ? -EXDEV : -EOPNOTSUPP, err);
		KUNIT_EXPECT_EQ(test, held, root->held);
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, err);
	KUNIT_EXPECT_EQ(test, held + 1, root->held);
	walk(test, dma, desc, SEGMENTS);
	walk(test, dma, desc, 1);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, OUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, held, root->held);
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));
}

static void dma_shows_part_of_every_kind(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	size_t offset, length;

	if (kind->no_segments || kind->not_counted)
		kunit_skip(test, "shown in its own way");
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, PAGE_SIZE + 7, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_get_prepared_offset_and_length(dma, &offset,
									   &length));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE + 7, offset);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, length);
	walk(test, dma, desc, SEGMENTS);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

static void dma_shows_coherent_memory_where_its_device_has_it(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc, *sub;
	struct iokmem_dma_segment segment;
	struct iokmem_dma *dma;
	unsigned int nr = 1;
	size_t offset = 0;
	dma_addr_t address;

	desc = keep_desc(test, iokmem_buffer_coherent(dev, INOUT, 3 * PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_get_dma_address(desc, &address));
	sub = keep_desc(test, iokmem_sub_with_sub_range(desc, 100, 5000, INOUT));
	dma = command(test, dev, &anything);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, sub, false));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 10, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, address + 110, segment.address);
	KUNIT_EXPECT_EQ(test, 4990, segment.length);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

static void dma_shows_memory_of_devices_to_another(struct kunit *test)
{
	struct iokmem_dma_segment segment;
	struct iokmem_desc *desc, *both[2];
	struct device *dev = device(test);
	struct iokmem_dma *dma = command(test, dev, &anything);
	unsigned int nr = 1;
	size_t offset = 0;

	desc = iokmem_desc_with_physical_address(NOBODYS_ADDRESS, SZ_64K, INOUT);
	desc = keep_desc(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0x100, 0x200));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, NOBODYS_ADDRESS + 0x100, segment.address);
	KUNIT_EXPECT_EQ(test, 0x200, segment.length);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));

	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(31)));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(32)));

	both[0] = buffer(test, NULL, PAGE_SIZE, 0);
	both[1] = desc;
	desc = keep_desc(test, iokmem_multi_with_descriptors(both, 2, INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_dma_prepare(dma, 0, 0));
	/* The first member alone is memory. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 0, PAGE_SIZE));
}

static void dma_joins_neighbours(struct kunit *test)
{
	struct iokmem_desc *desc = contiguous(test, SZ_1M);
	struct iokmem_dma *dma = command_for(test, desc, &anything);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	/* More than the longest entry that the DMA API allows by default. */
	KUNIT_EXPECT_EQ(test, 1, walk(test, dma, desc, SEGMENTS));
}

static void dma_cuts_segments_at_their_longest(struct kunit *test)
{
	static const struct iokmem_dma_specification specification = {
		.max_segment_size = 1000,
	};
	struct iokmem_desc *desc = contiguous(test, 2 * PAGE_SIZE + 500);
	struct iokmem_dma *dma = command_for(test, desc, &specification);
	struct iokmem_dma_segment segments[SEGMENTS];
	unsigned int nr = SEGMENTS, i;
	size_t offset = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	walk(test, dma, desc, 3);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_ASSERT_EQ(test, DIV_ROUND_UP(2 * PAGE_SIZE + 500, 1000), nr);
	for (i = 0; i < nr - 1; i++)
		KUNIT_EXPECT_EQ(test, 1000, segments[i].length);
}

static void dma_cuts_segments_where_the_next_may_begin(struct kunit *test)
{
	static const struct iokmem_dma_specification specification = {
		.max_segment_size = 3000,
		.alignment = 4,
		.alignment_length = 4,
		.alignment_internal_segments = 512,
	};
	struct iokmem_desc *desc = contiguous(test, 4 * PAGE_SIZE);
	struct iokmem_dma *dma = command_for(test, desc, &specification);
	struct iokmem_dma_segment segments[SEGMENTS];
	unsigned int nr = SEGMENTS, i;
	size_t offset = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 100, 3 * PAGE_SIZE));
	walk(test, dma, desc, SEGMENTS);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_EXPECT_EQ(test, 3072 - 100, segments[0].length);
	for (i = 1; i < nr; i++) {
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(segments[i].address, 512));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(segments[i].length, 4));
		KUNIT_EXPECT_LE(test, segments[i].length, 3000);
	}
}

static void dma_refuses_lengths_that_are_not_aligned(struct kunit *test)
{
	struct iokmem_dma_specification specification = { .alignment = 64 };
	struct iokmem_desc *desc = contiguous(test, 4 * PAGE_SIZE), *odd[2], *multi, *registers;
	struct iokmem_dma *dma = command_for(test, desc, &specification);

	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 64, 33));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));

	specification.alignment_length = 16;
	KUNIT_EXPECT_EQ(test, -EDOM,
			iokmem_dma_prepare_with_specification(dma, &specification, 64, 33));
	/* The earlier specification is in force again. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 64, 33));
	KUNIT_EXPECT_EQ(test, -EPERM,
			iokmem_dma_prepare_with_specification(dma, &specification, 64, 32));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0,
			iokmem_dma_prepare_with_specification(dma, &specification, 64, 32));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));

	/* Memory of devices cannot be copied. */
	registers = iokmem_desc_with_physical_address(NOBODYS_ADDRESS, SZ_64K, INOUT);
	registers = keep_desc(test, registers);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, registers, false));
	KUNIT_EXPECT_EQ(test, -EDOM, iokmem_dma_prepare(dma, 32, 64));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 64, 64));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));

	/* The second member begins where no segment may begin, so the device gets a copy. */
	odd[0] = keep_desc(test, iokmem_sub_with_sub_range(desc, 0, 64, INOUT));
	odd[1] = keep_desc(test, iokmem_sub_with_sub_range(desc, 136, 64, INOUT));
	multi = keep_desc(test, iokmem_multi_with_descriptors(odd, 2, INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, multi, false));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 1, walk(test, dma, NULL, SEGMENTS));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, multi->held);
}

static void dma_goes_on_where_it_was_or_anywhere(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test, 8);
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	struct iokmem_dma_segment segments[8];
	unsigned int nr = 5;
	size_t offset = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_EXPECT_EQ(test, 5, nr);
	KUNIT_EXPECT_EQ(test, 5 * PAGE_SIZE, offset);
	/* Ask for more segments than the three that are left. */
	nr = 8;
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_EXPECT_EQ(test, 3, nr);
	KUNIT_EXPECT_EQ(test, 8 * PAGE_SIZE, offset);
	/* Go back, into the middle of a segment. */
	offset = PAGE_SIZE + 12;
	nr = 1;
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	expect_address(test, desc, PAGE_SIZE + 12, segments[0].address);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE - 12, segments[0].length);
	/* Go ahead. */
	offset = 6 * PAGE_SIZE + 1;
	nr = 2;
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	expect_address(test, desc, 6 * PAGE_SIZE + 1, segments[0].address);
	KUNIT_EXPECT_EQ(test, 2, nr);
}

static void dma_gen_refuses_bad_argument(struct kunit *test)
{
	struct iokmem_dma *dma = command_for(test, contiguous(test, PAGE_SIZE), &anything);
	struct iokmem_dma_segment32 narrow;
	struct iokmem_dma_segment segment;
	size_t offset = 0;
	unsigned int nr = 0;

	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_dma_gen_segments32(dma, &offset, &narrow, &nr));
	nr = 1;
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_gen_segments32(dma, &offset, &narrow, &nr));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	offset = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_dma_gen_segments32(dma, &offset, &narrow, &nr));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, offset);
	KUNIT_EXPECT_EQ(test, 1, nr);
}

static void dma_gives_32_bit_segments_where_they_suffice(struct kunit *test)
{
	struct iokmem_desc *desc = contiguous(test, 2 * PAGE_SIZE);
	struct device *dev = device(test);
	struct iokmem_dma *dma = command(test, dev, &anything);
	struct iokmem_dma_segment32 narrow;
	struct iokmem_dma_segment wide;
	size_t offset = 0;
	unsigned int nr = 1;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &wide, &nr));
	offset = 0;
	if (wide.address >> 32) {
		KUNIT_EXPECT_EQ(test, -EMSGSIZE,
				iokmem_dma_gen_segments32(dma, &offset, &narrow, &nr));
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments32(dma, &offset, &narrow, &nr));
	KUNIT_EXPECT_EQ(test, wide.address, narrow.address);
	KUNIT_EXPECT_EQ(test, wide.length, narrow.length);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));

	/* An address with more than 32 bits, of a device, so that there is one. */
	desc = iokmem_desc_with_physical_address(0x900000000UL, PAGE_SIZE, INOUT);
	desc = keep_desc(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	offset = 0;
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			iokmem_dma_gen_segments32(dma, &offset, &narrow, &nr));
	KUNIT_EXPECT_EQ(test, 0, offset);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &wide, &nr));
	KUNIT_EXPECT_EQ(test, 0x900000000UL, wide.address);
}

static void dma_refuses_addresses_with_too_many_bits(struct kunit *test)
{
	static const struct iokmem_dma_specification specification = { .address_bits = 20 };
	struct iokmem_desc *desc = contiguous(test, PAGE_SIZE);
	struct iokmem_dma *dma = command_for(test, desc, &specification);
	size_t offset = 0;

	if (!(pfn_of(desc, 0) >> (20 - PAGE_SHIFT)))
		kunit_skip(test, "the buffer is in the first MiB");
	/* There is no memory for a copy either. */
	KUNIT_EXPECT_EQ(test, -ENOBUFS, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, -EBADFD,
			iokmem_dma_get_prepared_offset_and_length(dma, &offset, NULL));
}

/* Memory above the mask is copied, and other memory is not. */
static void dma_uses_memory_below_the_mask_as_it_is(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_dma *dma = command(test, dev, &anything);
	struct iokmem_desc *low, *members[3], *both;
	struct iokmem_desc *high = buffer(test, NULL, PAGE_SIZE, 0);

	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(24)));
	if (pfn_of(high, 0) < SZ_16M >> PAGE_SHIFT)
		kunit_skip(test, "the buffer is in the first 16 MiB");
	low = iokmem_buffer_in_task_with_physical_mask(NULL, INOUT, SZ_64K,
						       DMA_BIT_MASK(24));
	low = keep_desc(test, low);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, low, true));
	walk(test, dma, low, SEGMENTS);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));

	/* One member above the mask is enough. */
	members[0] = low;
	members[1] = high;
	members[2] = low;
	both = keep_desc(test, iokmem_multi_with_descriptors(members, 3, INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, both, true));
	walk(test, dma, NULL, SEGMENTS);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));
	KUNIT_EXPECT_EQ(test, 0, both->held);
}

static void dma_counts_preparations_of_the_same_bytes(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, 4 * PAGE_SIZE, 0);
	struct iokmem_dma *dma = command_for(test, desc, &anything);

	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EALREADY, iokmem_dma_prepare(dma, PAGE_SIZE, 100));
	KUNIT_EXPECT_EQ(test, -EALREADY, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	walk(test, dma, desc, SEGMENTS);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
}

static void dma_refuses_bad_ranges(struct kunit *test)
{
	static const struct iokmem_dma_specification specification = {
		.max_transfer_size = 3 * PAGE_SIZE,
	};
	struct iokmem_desc *desc = buffer(test, NULL, 4 * PAGE_SIZE, 0);
	struct iokmem_dma *dma = command(test, device(test), &specification);

	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENOSPC, iokmem_dma_prepare(dma, 0, 3 * PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_dma_prepare(dma, 3 * PAGE_SIZE, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_dma_prepare(dma, 4 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_dma_prepare(dma, 5 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_dma_prepare(dma, SIZE_MAX, 2));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_length(desc, 0));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_length(desc, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 1, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
}

static void dma_refuses_bad_specifications(struct kunit *test)
{
	static const struct iokmem_dma_specification bad[] = {
		{ .address_bits = 65 },
		{ .address_bits = PAGE_SHIFT - 1 },
		{ .alignment = 3 },
		{ .alignment_length = 6 },
		{ .alignment_internal_segments = 12 },
		{ .max_segment_size = 100, .alignment = 128 },
		{ .max_segment_size = 100, .alignment_length = 128 },
		{ .max_segment_size = 100, .alignment_internal_segments = 128 },
	};
	struct device *dev = device(test);
	struct iokmem_desc *desc;
	struct iokmem_dma *dma;
	unsigned int i;
	u64 none = 0;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    PTR_ERR(iokmem_dma_with_specification(dev, bad + i)),
				    "specification %u", i);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_dma_with_specification(NULL, &anything)));

	/* The command has no specification yet. */
	dma = command(test, dev, NULL);
	desc = buffer(test, NULL, PAGE_SIZE, 0);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_prepare(dma, 0, 0));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, -EINVAL,
				iokmem_dma_prepare_with_specification(dma, bad + i, 0, 0));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare_with_specification(dma, &anything, 0, 0));

	dev->dma_mask = NULL;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_dma_with_specification(dev, &anything)));
	dev->dma_mask = &none;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_dma_with_specification(dev, &anything)));
	dev->dma_mask = &dev->coherent_dma_mask;
}

static void dma_has_one_descriptor_at_a_time(struct kunit *test)
{
	struct iokmem_desc *a = buffer(test, NULL, PAGE_SIZE, 0);
	struct iokmem_desc *b = buffer(test, NULL, PAGE_SIZE, 0);
	struct iokmem_dma *dma = command(test, device(test), &anything);
	struct iokmem_desc *now;

	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, false));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, a, false));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, a, false));
	KUNIT_EXPECT_EQ(test, 0, a->held);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, NULL, true));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, a, true));
	KUNIT_EXPECT_EQ(test, 1, a->held);
	KUNIT_EXPECT_EQ(test, -EBUSY, iokmem_dma_set_memory_descriptor(dma, b, true));
	KUNIT_EXPECT_EQ(test, -EBUSY, iokmem_dma_set_memory_descriptor(dma, NULL, true));
	KUNIT_EXPECT_EQ(test, -EBUSY, iokmem_dma_clear_memory_descriptor(dma, false));
	now = iokmem_dma_get_memory_descriptor(dma);
	KUNIT_EXPECT_PTR_EQ(test, a, now);
	iokmem_desc_put(now);

	/* Setting the descriptor again changes nothing, or completes all preparations. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, a, true));
	KUNIT_EXPECT_EQ(test, 1, a->held);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, a, false));
	KUNIT_EXPECT_EQ(test, 0, a->held);
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));

	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, b, true));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));
	KUNIT_EXPECT_EQ(test, 0, b->held);
	KUNIT_EXPECT_NULL(test, iokmem_dma_get_memory_descriptor(dma));
}

static void dma_keeps_its_memory(struct kunit *test)
{
	struct iokmem_dma *dma = command(test, device(test), &anything);
	struct iokmem_desc *desc;
	u64 id;

	desc = iokmem_buffer_in_task_with_options(NULL, IOKMEM_PAGEABLE | INOUT,
						  PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	id = desc->id;
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	iokmem_desc_put(desc);
	KUNIT_EXPECT_EQ(test, 5, iokmem_dma_write_bytes(dma, 0, "hello", 5));
	iokmem_dma_get(dma);
	iokmem_dma_put(dma);
	/* Putting the command puts everything that it has. */
	put_dma_now(test, dma);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void dma_keeps_the_memorys_type(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	u32 other = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_WRITE_COMBINE_CACHE;

	need_memory_types(test);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, map_error(desc, IOKMEM_KERNEL_TASK, 0, other, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0, other, 0, 0));
}

static void dma_cannot_write_read_only_memory(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_dma *dma = command(test, device(test), &anything);
	unsigned long address;

	attach_address_space(test);
	address = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS | MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));

	desc = keep_desc(test, iokmem_desc_with_address_range(address, PAGE_SIZE, IN,
							      current));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_dma_set_memory_descriptor(dma, desc, true));
	desc = keep_desc(test, iokmem_desc_with_address_range(address, PAGE_SIZE, OUT,
							      current));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_write_bytes(dma, 0, "x", 1));
}

static void dma_tells_the_direction_of_the_descriptor(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);

	KUNIT_EXPECT_EQ(test, DMA_BIDIRECTIONAL, iokmem_dma_direction(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_direction(desc, IN));
	KUNIT_EXPECT_EQ(test, DMA_FROM_DEVICE, iokmem_dma_direction(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_direction(desc, OUT));
	KUNIT_EXPECT_EQ(test, DMA_TO_DEVICE, iokmem_dma_direction(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_direction(desc, 0));
	KUNIT_EXPECT_EQ(test, DMA_BIDIRECTIONAL, iokmem_dma_direction(desc));
}

static void dma_refuses_guard_pages(struct kunit *test)
{
	struct iokmem_desc *members[] = {
		buffer(test, NULL, PAGE_SIZE, 0),
		keep_desc(test, iokmem_guard_with_size(PAGE_SIZE)),
	};
	struct iokmem_desc *desc;
	struct iokmem_dma *dma;

	desc = keep_desc(test, iokmem_multi_with_descriptors(members, 2, INOUT));
	dma = command_for(test, desc, &anything);
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 0, PAGE_SIZE));
}

static void dma_copies_bytes_that_are_prepared(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, 3 * PAGE_SIZE, 0);
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	char bytes[8] = {};

	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_write_bytes(dma, 0, "abc", 3));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_read_bytes(dma, 0, bytes, 3));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 4, iokmem_dma_write_bytes(dma, PAGE_SIZE - 4, "abcdef", 6));
	KUNIT_EXPECT_EQ(test, 4, iokmem_dma_read_bytes(dma, PAGE_SIZE - 4, bytes, 8));
	KUNIT_EXPECT_STREQ(test, "abcd", bytes);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_read_bytes(dma, PAGE_SIZE, bytes, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_read_bytes(dma, SIZE_MAX, bytes, 1));
	/* Bytes behind the prepared ones have not changed. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 2 * PAGE_SIZE - 2, bytes, 4));
	KUNIT_EXPECT_EQ(test, 0, memcmp(bytes, "cd\0\0", 4));
}

static void dma_synchronize_refuses_bad_argument(struct kunit *test)
{
	struct iokmem_dma *dma = command_for(test, buffer(test, NULL, PAGE_SIZE, 0),
					     &anything);

	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_synchronize(dma, IN));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_dma_synchronize(dma, INOUT));
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_dma_synchronize(dma, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_dma_synchronize(dma, 4));
}

static void dma_ends_with_its_driver(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE | INOUT,
					       PAGE_SIZE, 0);
	struct iokmem_dma *prepared = command(test, dev, &anything);
	struct iokmem_dma *idle = command(test, dev, &anything);
	struct iokmem_dma_segment segment;
	unsigned int nr = 1;
	size_t offset = 0;
	char byte;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(prepared, desc, true));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(prepared, 0, 0));
	KUNIT_ASSERT_EQ(test, 1, desc->held);

	get_device(dev);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_complete(prepared));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_prepare(prepared, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_synchronize(prepared, IN));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			iokmem_dma_gen_segments(prepared, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			iokmem_dma_get_prepared_offset_and_length(prepared, NULL, NULL));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_read_bytes(prepared, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_set_memory_descriptor(idle, desc, true));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(prepared, false));
	/* The test puts the commands after the device. */
	put_device(dev);
}

/* A thread that shares a command with others. */
struct worker {
	struct iokmem_dma *dma;
	struct iokmem_desc *desc;
	struct task_struct *task;
	struct completion done;
	bool failed;
};

static int work(void *data)
{
	struct worker *worker = data;
	struct iokmem_dma_segment segments[4];
	unsigned int i, nr;
	size_t offset;
	int err;

	for (i = 0; i < 300; i++) {
		err = iokmem_dma_prepare(worker->dma, 0, 0);
		if (err)
			worker->failed = true;
		for (offset = 0; offset < iokmem_desc_get_length(worker->desc);) {
			nr = ARRAY_SIZE(segments);
			err = iokmem_dma_gen_segments(worker->dma, &offset, segments, &nr);
			if (err || !nr) {
				worker->failed = true;
				break;
			}
		}
		if (iokmem_dma_complete(worker->dma))
			worker->failed = true;
	}
	complete(&worker->done);
	return 0;
}

static void dma_bears_several_callers(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test, 16);
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	struct worker workers[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i] = (struct worker) { .dma = dma, .desc = desc };
		init_completion(&workers[i].done);
		workers[i].task = kthread_run(work, &workers[i], "iokmem-dma");
		KUNIT_ASSERT_FALSE(test, IS_ERR(workers[i].task));
	}
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		wait_for_completion(&workers[i].done);
		KUNIT_EXPECT_FALSE(test, workers[i].failed);
	}
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
}

static void dma_of_scattered_memory_is_below_the_mask_by_an_iommu(struct kunit *test)
{
	struct device *dev = bus_device(test);
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct iokmem_desc *desc = scattered(test, 32);
	struct iokmem_dma *dma = command(test, dev, &anything);
	struct iokmem_dma_segment segments[SEGMENTS];
	unsigned int nr = SEGMENTS, i;
	size_t offset = 0, place = 0, n;

	if (!domain || !(domain->type & __IOMMU_DOMAIN_PAGING))
		kunit_skip(test, "no IOMMU");
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_EXPECT_EQ(test, offset, iokmem_desc_get_length(desc));
	/* The IOMMU joins them. */
	KUNIT_EXPECT_LT(test, nr, 32);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_FALSE(test, (segments[i].address + segments[i].length - 1) >> 28);
		for (n = 0; n < segments[i].length; n += PAGE_SIZE, place += PAGE_SIZE)
			expect_address(test, desc, place,
				       iommu_iova_to_phys(domain, segments[i].address + n));
	}
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

static void dma_is_below_the_mask_on_a_bus(struct kunit *test)
{
	struct device *dev = bus_device(test);
	struct iokmem_dma *dma = command(test, dev, &anything);
	struct iokmem_desc *desc;

	desc = iokmem_buffer_in_task_with_physical_mask(NULL, INOUT, SZ_256K,
							DMA_BIT_MASK(28));
	desc = keep_desc(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	walk(test, dma, iokmem_dma_is_direct(dev) ? desc : NULL, SEGMENTS);
}

static struct kunit_case dma_cases[] = {
	KUNIT_CASE_PARAM(dma_shows_every_kind_to_a_device, kind_gen_params),
	KUNIT_CASE_PARAM(dma_shows_part_of_every_kind, kind_gen_params),
	KUNIT_CASE(dma_shows_coherent_memory_where_its_device_has_it),
	KUNIT_CASE(dma_shows_memory_of_devices_to_another),
	KUNIT_CASE(dma_joins_neighbours),
	KUNIT_CASE(dma_cuts_segments_at_their_longest),
	KUNIT_CASE(dma_cuts_segments_where_the_next_may_begin),
	KUNIT_CASE(dma_refuses_lengths_that_are_not_aligned),
	KUNIT_CASE(dma_goes_on_where_it_was_or_anywhere),
	KUNIT_CASE(dma_gen_refuses_bad_argument),
	KUNIT_CASE(dma_gives_32_bit_segments_where_they_suffice),
	KUNIT_CASE(dma_refuses_addresses_with_too_many_bits),
	KUNIT_CASE(dma_uses_memory_below_the_mask_as_it_is),
	KUNIT_CASE(dma_counts_preparations_of_the_same_bytes),
	KUNIT_CASE(dma_refuses_bad_ranges),
	KUNIT_CASE(dma_refuses_bad_specifications),
	KUNIT_CASE(dma_has_one_descriptor_at_a_time),
	KUNIT_CASE(dma_keeps_its_memory),
	KUNIT_CASE(dma_keeps_the_memorys_type),
	KUNIT_CASE(dma_cannot_write_read_only_memory),
	KUNIT_CASE(dma_tells_the_direction_of_the_descriptor),
	KUNIT_CASE(dma_refuses_guard_pages),
	KUNIT_CASE(dma_copies_bytes_that_are_prepared),
	KUNIT_CASE(dma_synchronize_refuses_bad_argument),
	KUNIT_CASE(dma_ends_with_its_driver),
	KUNIT_CASE(dma_bears_several_callers),
	KUNIT_CASE(dma_of_scattered_memory_is_below_the_mask_by_an_iommu),
	KUNIT_CASE(dma_is_below_the_mask_on_a_bus),
	{}
};

static struct kunit_suite dma_suite = {
	.name = "iokmem_dma",
	.test_cases = dma_cases,
};

kunit_test_suite(dma_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * DMA commands whose device cannot take the memory as it is: it has a copy. The test plays the
 * device, which sees physical addresses. Neither its bytes nor the CPU's may be lost.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>

#include "device/dma.h"
#include "dma_helpers.h"

#define COPIED_FROM	32		/* the first byte that is prepared: not aligned */
#define COPIED	(2 * PAGE_SIZE)
#define WHOLE	(4 * PAGE_SIZE)

static const struct iokmem_dma_specification aligned = {
	.alignment = 64,
	.max_segment_size = PAGE_SIZE,
};

/* Return where the device has byte @offset of those that are prepared. */
static u8 *byte_of_copy(struct kunit *test, struct iokmem_dma *dma, size_t offset)
{
	struct iokmem_dma_segment segment;
	unsigned int nr = 1;
	size_t page = round_down(offset, PAGE_SIZE);

	offset -= page;
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &page, &segment, &nr));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(segment.address, 64));
	return (u8 *)phys_to_virt(segment.address) + offset;
}

/* Return byte @offset of the memory, counted from the first that is prepared. */
static int byte_of_memory(struct kunit *test, struct iokmem_desc *desc, ssize_t offset)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, COPIED_FROM + offset, &byte, 1));
	return byte;
}

static void set_memory_byte(struct kunit *test, struct iokmem_desc *desc, size_t offset, u8 byte)
{
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, COPIED_FROM + offset, &byte, 1));
}

static void fill_whole(struct kunit *test, struct iokmem_desc *desc)
{
	u8 *bytes = kunit_kzalloc(test, WHOLE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill_bytes(bytes, WHOLE);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, bytes, WHOLE));
}

static struct iokmem_desc *filled(struct kunit *test, u32 options)
{
	struct iokmem_desc *desc = iokmem_buffer_in_task_with_options(NULL, options, WHOLE, 0);

	fill_whole(test, keep_desc(test, desc));
	return desc;
}

/* Expect the whole memory to be the pattern, but for bytes that are @changed. */
static void expect_pattern(struct kunit *test, struct iokmem_desc *desc, size_t changed)
{
	ssize_t i;

	for (i = -COPIED_FROM; i < (ssize_t)(WHOLE - COPIED_FROM); i++)
		if (i != changed)
			KUNIT_ASSERT_EQ_MSG(test, pattern(COPIED_FROM + i),
					    byte_of_memory(test, desc, i), "byte %zd", i);
}

struct copied {
	const char *name;
	u32 direction;
	bool back;
};

static const struct copied directions[] = {
	{ "in", IN, true },
	{ "out", OUT, false },
	{ "in and out", INOUT, true },
	{ "no direction", NONE, true },
};

static void copied_desc(const struct copied *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(copied, directions, copied_desc);

static void copy_is_of_the_memory_and_goes_back(struct kunit *test)
{
	const struct copied *c = test->param_value;
	struct iokmem_desc *desc = filled(test, c->direction);
	struct iokmem_dma *dma = command_for(test, desc, &aligned);
	size_t i, at = PAGE_SIZE + 7;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, COPIED_FROM, COPIED));
	KUNIT_EXPECT_EQ(test, 2, walk(test, dma, NULL, SEGMENTS));
	for (i = 0; i < COPIED; i += 37)
		KUNIT_ASSERT_EQ(test, pattern(COPIED_FROM + i), *byte_of_copy(test, dma, i));

	/* Completing the command brings the device's bytes into the memory. */
	*byte_of_copy(test, dma, at) = ~pattern(COPIED_FROM + at);
	KUNIT_EXPECT_EQ(test, pattern(COPIED_FROM + at), byte_of_memory(test, desc, at));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, c->back ? (u8)~pattern(COPIED_FROM + at) : pattern(COPIED_FROM + at),
			byte_of_memory(test, desc, at));
	expect_pattern(test, desc, at);
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));
}

static void copy_follows_who_looks_next(struct kunit *test)
{
	struct iokmem_desc *desc = filled(test, INOUT);
	struct iokmem_dma *dma = command_for(test, desc, &aligned);
	u8 bytes[3] = { 11, 12, 13 };

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, COPIED_FROM, COPIED));
	*byte_of_copy(test, dma, 0) = 77;
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 77, byte_of_memory(test, desc, 0));
	set_memory_byte(test, desc, COPIED - 1, 78);
	KUNIT_EXPECT_NE(test, 78, *byte_of_copy(test, dma, COPIED - 1));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_synchronize(dma, OUT));
	KUNIT_EXPECT_EQ(test, 78, *byte_of_copy(test, dma, COPIED - 1));

	/* Only the bytes that are asked for are copied. */
	*byte_of_copy(test, dma, 100) = 79;
	set_memory_byte(test, desc, 200, 80);
	KUNIT_EXPECT_EQ(test, 3, iokmem_dma_write_bytes(dma, 110, bytes, 3));
	KUNIT_EXPECT_EQ(test, 12, *byte_of_copy(test, dma, 111));
	KUNIT_EXPECT_EQ(test, 79, *byte_of_copy(test, dma, 100));
	*byte_of_copy(test, dma, 112) = 14;
	KUNIT_EXPECT_EQ(test, 3, iokmem_dma_read_bytes(dma, 110, bytes, 3));
	KUNIT_EXPECT_EQ(test, 14, bytes[2]);
	KUNIT_EXPECT_EQ(test, 80, byte_of_memory(test, desc, 200));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 79, byte_of_memory(test, desc, 100));
}

static void copy_of_what_is_only_read_leaves_it(struct kunit *test)
{
	struct iokmem_desc *desc = filled(test, OUT);
	struct iokmem_dma *dma = command_for(test, desc, &aligned);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, COPIED_FROM, COPIED));
	*byte_of_copy(test, dma, 0) = ~pattern(COPIED_FROM);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, IN));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	expect_pattern(test, desc, SIZE_MAX);
}

static void copy_is_within_reach(struct kunit *test)
{
	const struct iokmem_dma_specification narrow = { .address_bits = 24 };
	struct iokmem_desc *desc = filled(test, INOUT);
	struct iokmem_dma *dma = command_for(test, desc, &narrow);
	struct iokmem_dma_segment segment;
	struct device *dev = device(test);
	unsigned int nr = 1;
	size_t offset = 0;

	if (pfn_of(desc, 0) < SZ_16M >> PAGE_SHIFT)
		kunit_skip(test, "the buffer is in the first 16 MiB");
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_LE(test, segment.address + segment.length, SZ_16M);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	expect_pattern(test, desc, SIZE_MAX);

	/* A device with a narrow mask gets a copy as well. */
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(24)));
	dma = command(test, dev, &anything);
	offset = 0;
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_LE(test, segment.address + segment.length, SZ_16M);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	expect_pattern(test, desc, SIZE_MAX);
}

static void copy_is_contiguous_if_segments_have_to_be_long(struct kunit *test)
{
	const struct iokmem_dma_specification in_blocks = {
		.alignment_length = 4 * PAGE_SIZE,
	};
	struct iokmem_desc *desc = scattered(test, 4);
	struct iokmem_dma *dma = command_for(test, desc, &in_blocks);

	fill_whole(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 1, walk(test, dma, NULL, SEGMENTS));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	expect_pattern(test, desc, SIZE_MAX);
	KUNIT_EXPECT_EQ(test, -EDOM, iokmem_dma_prepare(dma, 0, PAGE_SIZE));
}

static void copy_of_pageable_memory_keeps_it(struct kunit *test)
{
	struct iokmem_desc *desc = filled(test, INOUT | IOKMEM_PAGEABLE);
	struct iokmem_dma *dma = command_for(test, desc, &aligned);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, COPIED_FROM, COPIED));
	KUNIT_EXPECT_EQ(test, 1, desc->held);
	*byte_of_copy(test, dma, 5) = ~pattern(COPIED_FROM + 5);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, (u8)~pattern(COPIED_FROM + 5), byte_of_memory(test, desc, 5));
	expect_pattern(test, desc, 5);
}

static void copy_is_made_on_demand(struct kunit *test)
{
	struct iokmem_desc *desc = filled(test, INOUT), *memory;
	struct iokmem_dma *dma = command_for(test, desc, &anything);
	struct iokmem_dma_segment segment;
	unsigned int nr = 1;
	size_t offset = 0;

	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_double_buffer(dma));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	walk(test, dma, desc, SEGMENTS);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_double_buffer(dma));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_double_buffer(dma));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_NE(test, PFN_PHYS(pfn_of(desc, 0)), (phys_addr_t)segment.address);
	*(u8 *)phys_to_virt(segment.address) = 99;
	/* There are still two preparations. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, pattern(0), byte_of_memory(test, desc, -COPIED_FROM));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, 99, byte_of_memory(test, desc, -COPIED_FROM));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	walk(test, dma, desc, SEGMENTS);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));

	memory = keep_desc(test, iokmem_desc_with_physical_address(0x900000000UL, PAGE_SIZE,
								   INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, memory, true));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_dma_double_buffer(dma));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

static void copy_ends_with_its_memory(struct kunit *test)
{
	struct iokmem_desc *desc = filled(test, INOUT);
	struct iokmem_dma *dma = command_for(test, desc, &aligned);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, COPIED_FROM, COPIED));
	KUNIT_ASSERT_NOT_NULL(test, dma->copy);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_revoke(desc));
	KUNIT_EXPECT_NULL(test, dma->copy);
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_complete(dma));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_dma_double_buffer(dma));
}

static void copy_ends_with_the_driver(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "iokmem-copy");
	struct iokmem_desc *desc = filled(test, INOUT);
	struct iokmem_dma *dma;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	dma = command(test, dev, &aligned);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, COPIED_FROM, COPIED));
	*byte_of_copy(test, dma, 3) = ~pattern(COPIED_FROM + 3);
	get_device(dev);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_NULL(test, dma->copy);
	KUNIT_EXPECT_EQ(test, (u8)~pattern(COPIED_FROM + 3), byte_of_memory(test, desc, 3));
	/* The test puts the command after the device. */
	put_device(dev);
}

static int copy_buffer_error(struct iokmem_dma *dma, u32 direction, size_t length)
{
	struct iokmem_desc *desc = iokmem_dma_create_copy_buffer(dma, direction, length);

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

static void copy_buffer_is_what_the_device_takes(struct kunit *test)
{
	struct iokmem_dma_specification specification = {
		.address_bits = 24,
		.alignment = 8 * PAGE_SIZE,
	};
	struct iokmem_desc *desc, *any = filled(test, INOUT);
	struct iokmem_dma *dma = command_for(test, any, &specification);

	desc = keep_desc(test, iokmem_dma_create_copy_buffer(dma, OUT, COPIED + 1));
	KUNIT_EXPECT_EQ(test, COPIED + 1, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, OUT, iokmem_desc_get_direction(desc));
	KUNIT_EXPECT_NOT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, true));
	KUNIT_EXPECT_NULL(test, dma->copy);
	walk(test, dma, desc, SEGMENTS);

	KUNIT_EXPECT_EQ(test, -EINVAL, copy_buffer_error(dma, IN, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, copy_buffer_error(dma, IN | IOKMEM_PAGEABLE, 1));
	dma = command(test, device_named(test, "iokmem-unspecified"), NULL);
	KUNIT_EXPECT_EQ(test, -EBADFD, copy_buffer_error(dma, IN, 1));
	specification.address_bits = 20;
	specification.alignment = SZ_4M;
	dma = command(test, device_named(test, "iokmem-narrow"), &specification);
	KUNIT_EXPECT_EQ(test, -ERANGE, copy_buffer_error(dma, IN, 1));
}

static struct kunit_case dma_copy_cases[] = {
	KUNIT_CASE_PARAM(copy_is_of_the_memory_and_goes_back, copied_gen_params),
	KUNIT_CASE(copy_follows_who_looks_next),
	KUNIT_CASE(copy_of_what_is_only_read_leaves_it),
	KUNIT_CASE(copy_is_within_reach),
	KUNIT_CASE(copy_is_contiguous_if_segments_have_to_be_long),
	KUNIT_CASE(copy_of_pageable_memory_keeps_it),
	KUNIT_CASE(copy_is_made_on_demand),
	KUNIT_CASE(copy_ends_with_its_memory),
	KUNIT_CASE(copy_ends_with_the_driver),
	KUNIT_CASE(copy_buffer_is_what_the_device_takes),
	{}
};

static struct kunit_suite dma_copy_suite = {
	.name = "iokmem_dma_copy",
	.test_cases = dma_copy_cases,
};

kunit_test_suite(dma_copy_suite);

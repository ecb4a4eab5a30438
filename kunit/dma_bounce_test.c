// SPDX-License-Identifier: GPL-2.0
/*
 * Devices whose transfers bounce: the DMA API gives them other memory, and copies. The test
 * plays the device. Neither its bytes nor the CPU's may be lost.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>

#include "dma_helpers.h"

#define LENGTH	(3 * PAGE_SIZE + 500)
#define FIRST	700	/* the first byte that is prepared */

/* Create a command that has LENGTH bytes of @desc prepared for a device whose transfers bounce. */
static struct iokmem_dma *bouncing(struct kunit *test, struct iokmem_desc *desc)
{
	struct iokmem_dma *dma = command(test, bouncing_device(test, "iokmem-bounce"),
					 &anything);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, FIRST, LENGTH));
	return dma;
}

/* Return where the device has byte @offset of those that are prepared. */
static u8 *device_byte(struct kunit *test, struct iokmem_dma *dma, size_t offset)
{
	struct iokmem_dma_segment segment;
	unsigned int nr = 1;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	return phys_to_virt(segment.address);
}

static u8 memory_byte(struct kunit *test, struct iokmem_desc *desc, size_t offset)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, FIRST + offset, &byte, 1));
	return byte;
}

/* Each byte of a few that are far apart, and near each other in a page and across its end. */
static const size_t places[] = {
	0, 1, 2, 9, PAGE_SIZE - FIRST - 1, PAGE_SIZE - FIRST, PAGE_SIZE, 2 * PAGE_SIZE + 3,
	LENGTH - 1,
};

static void bounce_write_keeps_what_the_device_wrote(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test, 5);
	struct iokmem_dma *dma = bouncing(test, desc);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		u8 byte = 100 + i;

		for (j = 0; j < ARRAY_SIZE(places); j++)
			*device_byte(test, dma, places[j]) = 10 + j;
		KUNIT_ASSERT_EQ(test, 1, iokmem_dma_write_bytes(dma, places[i], &byte, 1));
		for (j = 0; j < ARRAY_SIZE(places); j++)
			KUNIT_EXPECT_EQ_MSG(test, i == j ? byte : 10 + j,
					    *device_byte(test, dma, places[j]),
					    "byte %zu, when %zu is written", places[j],
					    places[i]);
	}
}

static void bounce_read_keeps_what_the_cpu_wrote(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test, 5);
	struct iokmem_dma *dma = bouncing(test, desc);
	unsigned int i, j;
	u8 byte;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(places); j++) {
			byte = 50 + j;
			KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc,
									 FIRST + places[j],
									 &byte, 1));
			*device_byte(test, dma, places[j]) = 10 + j;
		}
		KUNIT_ASSERT_EQ(test, 1, iokmem_dma_read_bytes(dma, places[i], &byte, 1));
		KUNIT_EXPECT_EQ(test, 10 + i, byte);
		for (j = 0; j < ARRAY_SIZE(places); j++)
			KUNIT_EXPECT_EQ_MSG(test, (i == j ? 10 : 50) + j,
					    memory_byte(test, desc, places[j]),
					    "byte %zu, when %zu is read", places[j],
					    places[i]);
	}
}

/* A long range covers whole entries and parts of them. */
static void bounce_copies_long_ranges(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test, 5);
	struct iokmem_dma *dma = bouncing(test, desc);
	u8 *bytes = kunit_kmalloc(test, LENGTH, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill_bytes(bytes, LENGTH);
	KUNIT_EXPECT_EQ(test, LENGTH - 20, iokmem_dma_write_bytes(dma, 10, bytes,
								  LENGTH - 20));
	for (i = 0; i < LENGTH - 20; i++)
		if (*device_byte(test, dma, 10 + i) != bytes[i])
			break;
	KUNIT_EXPECT_EQ(test, LENGTH - 20, i);
	KUNIT_EXPECT_EQ(test, 0, *device_byte(test, dma, 9));
	KUNIT_EXPECT_EQ(test, 0, *device_byte(test, dma, LENGTH - 10));

	for (i = 0; i < LENGTH; i++)
		*device_byte(test, dma, i) = pattern(7 + i);
	KUNIT_EXPECT_EQ(test, LENGTH, iokmem_dma_read_bytes(dma, 0, bytes, LENGTH));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, LENGTH, 7));
}

static struct kunit_case dma_bounce_cases[] = {
	KUNIT_CASE(bounce_write_keeps_what_the_device_wrote),
	KUNIT_CASE(bounce_read_keeps_what_the_cpu_wrote),
	KUNIT_CASE(bounce_copies_long_ranges),
	{}
};

static struct kunit_suite dma_bounce_suite = {
	.name = "iokmem_dma_bounce",
	.test_cases = dma_bounce_cases,
};

kunit_test_suite(dma_bounce_suite);

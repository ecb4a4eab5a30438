// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that see memory at other addresses than the CPU does. The device's mask is for its
 * own addresses.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "dma_helpers.h"

#define HIGH	SZ_4G	/* an address that a device with 32 bits does not have */

/* Create a device that has @bits address bits and sees memory only in two regions. */
static struct device *translating(struct kunit *test, unsigned int bits,
				  struct bus_dma_region first, struct bus_dma_region second)
{
	struct bus_dma_region *map = kcalloc(3, sizeof(*map), GFP_KERNEL);
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, map);
	map[0] = first;
	map[1] = second;
	dev = device(test);
	/* The device frees the map. */
	dev->dma_range_map = map;
	*dev->dma_mask = DMA_BIT_MASK(bits);
	return dev;
}

/* A region of @length bytes of @desc. */
static struct bus_dma_region region(struct iokmem_desc *desc, size_t offset, size_t length,
				    dma_addr_t address)
{
	return (struct bus_dma_region) {
		.cpu_start = PFN_PHYS(pfn_of(desc, offset)),
		.dma_start = address,
		.size = length,
	};
}

static const struct bus_dma_region no_region;

static struct iokmem_dma *command_of(struct kunit *test, struct device *dev,
				     struct iokmem_desc *desc)
{
	struct iokmem_dma *dma = command(test, dev, &anything);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	return dma;
}

static void reach_is_of_the_devices_addresses(struct kunit *test)
{
	struct iokmem_desc *desc = contiguous(test, 2 * PAGE_SIZE);
	struct iokmem_dma_segment segment;
	struct iokmem_dma *dma;
	unsigned int nr = 1;
	size_t offset = 0;

	dma = command_of(test, translating(test, 24, region(desc, 0, 2 * PAGE_SIZE, SZ_1M),
					   no_region), desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 10, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, &segment, &nr));
	KUNIT_EXPECT_EQ(test, SZ_1M + 10, segment.address);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE - 10, segment.length);
}

/* Also the memory to bounce in, if there is any, is out of reach. */
static void reach_ends_at_the_mask(struct kunit *test)
{
	const struct bus_dma_region all = { .dma_start = HIGH, .size = 1ULL << 40 };
	struct iokmem_desc *desc = contiguous(test, 2 * PAGE_SIZE);
	struct iokmem_dma *dma = command_of(test, translating(test, 32, all, no_region), desc);

	KUNIT_EXPECT_EQ(test, -EMSGSIZE, iokmem_dma_prepare(dma, 0, 0));
}

static void reach_ends_at_the_regions(struct kunit *test)
{
	struct iokmem_desc *desc = contiguous(test, 2 * PAGE_SIZE);
	struct bus_dma_region other = region(desc, 0, PAGE_SIZE, SZ_1M);
	struct iokmem_dma *dma;

	other.cpu_start -= PAGE_SIZE;
	dma = command_of(test, translating(test, 64, other, no_region), desc);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, iokmem_dma_prepare(dma, 0, 0));
}

/* The page whose address is the highest for the CPU is not the highest for the device. */
static void reach_is_of_every_entry(struct kunit *test)
{
	struct iokmem_desc *desc = scattered(test, 2);
	bool falls = pfn_of(desc, 0) > pfn_of(desc, PAGE_SIZE);
	struct iokmem_dma *dma;

	dma = command_of(test, translating(test, 32,
					   region(desc, 0, PAGE_SIZE, falls ? SZ_1M : HIGH),
					   region(desc, PAGE_SIZE, PAGE_SIZE,
						  falls ? HIGH : SZ_1M)), desc);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, iokmem_dma_prepare(dma, 0, 0));
}

/* Pages that are neighbours for the CPU are not for the device. */
static void reach_is_of_every_region(struct kunit *test)
{
	struct iokmem_desc *desc = contiguous(test, 2 * PAGE_SIZE);
	struct iokmem_dma_segment segments[2];
	unsigned int nr = 2;
	struct iokmem_dma *dma;
	size_t offset = 0;

	dma = command_of(test, translating(test, 24, region(desc, 0, PAGE_SIZE, SZ_2M),
					   region(desc, PAGE_SIZE, PAGE_SIZE, SZ_1M)), desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 10, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_ASSERT_EQ(test, 2, nr);
	KUNIT_EXPECT_EQ(test, SZ_2M + 10, segments[0].address);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE - 10, segments[0].length);
	KUNIT_EXPECT_EQ(test, SZ_1M, segments[1].address);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, segments[1].length);
}

static struct kunit_case dma_reach_cases[] = {
	KUNIT_CASE(reach_is_of_the_devices_addresses),
	KUNIT_CASE(reach_ends_at_the_mask),
	KUNIT_CASE(reach_ends_at_the_regions),
	KUNIT_CASE(reach_is_of_every_entry),
	KUNIT_CASE(reach_is_of_every_region),
	{}
};

static struct kunit_suite dma_reach_suite = {
	.name = "iokmem_dma_reach",
	.test_cases = dma_reach_cases,
};

kunit_test_suite(dma_reach_suite);

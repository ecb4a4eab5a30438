// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the suites of DMA commands. See dma_helpers.h.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/vmalloc.h>

#include "dma_helpers.h"

const struct iokmem_dma_specification anything;

KUNIT_DEFINE_ACTION_WRAPPER(put_dma, iokmem_dma_put, struct iokmem_dma *);

static struct iokmem_dma *keep_dma(struct kunit *test, struct iokmem_dma *dma)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_dma, dma));
	return dma;
}

void put_dma_now(struct kunit *test, struct iokmem_dma *dma)
{
	kunit_release_action(test, put_dma, dma);
}

struct iokmem_dma *command(struct kunit *test, struct device *dev,
			   const struct iokmem_dma_specification *specification)
{
	return keep_dma(test, iokmem_dma_with_specification(dev, specification));
}

struct iokmem_dma *command_for(struct kunit *test, struct iokmem_desc *desc,
			       const struct iokmem_dma_specification *specification)
{
	struct device *dev = kunit_device_register(test, "iokmem-dma");
	struct iokmem_dma *dma;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	dma = command(test, dev, specification);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	return dma;
}

struct iokmem_desc *scattered(struct kunit *test, unsigned int pages)
{
	struct iokmem_desc *whole = buffer(test, NULL, 2 * pages * PAGE_SIZE, 0);
	struct iokmem_desc **parts, *part;
	unsigned int i;

	parts = kunit_kcalloc(test, pages, sizeof(*parts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parts);
	for (i = 0; i < pages; i++) {
		part = iokmem_sub_with_sub_range(whole, 2 * i * PAGE_SIZE, PAGE_SIZE,
						 INOUT);
		parts[i] = keep_desc(test, part);
	}
	return keep_desc(test, iokmem_multi_with_descriptors(parts, pages, INOUT));
}

struct iokmem_desc *contiguous(struct kunit *test, size_t length)
{
	return buffer_with(test, NULL, INOUT | IOKMEM_PHYSICALLY_CONTIGUOUS, length, 0);
}

KUNIT_DEFINE_ACTION_WRAPPER(unmap_pages, vunmap, const void *);

struct iokmem_desc *in_runs(struct kunit *test, unsigned int runs)
{
	struct iokmem_desc *whole = contiguous(test, 3 * runs * PAGE_SIZE), *desc;
	struct page **pages;
	unsigned int i;
	void *bytes;

	pages = kunit_kcalloc(test, 2 * runs, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < 2 * runs; i++)
		pages[i] = pfn_to_page(pfn_of(whole, 0) + i / 2 * 3 + i % 2);
	bytes = vmap(pages, 2 * runs, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmap_pages, bytes));
	desc = iokmem_desc_with_address_range((unsigned long)bytes, 2 * runs * PAGE_SIZE,
					      INOUT, IOKMEM_KERNEL_TASK);
	desc = keep_desc(test, desc);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, INOUT));
	return desc;
}

void expect_address(struct kunit *test, struct iokmem_desc *desc, size_t offset,
		    u64 address)
{
	phys_addr_t physical;
	size_t length;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_physical_segment(desc, offset, &physical,
								  &length));
	KUNIT_EXPECT_EQ(test, physical, address);
}

unsigned int walk(struct kunit *test, struct iokmem_dma *dma,
		  struct iokmem_desc *desc, unsigned int at_once)
{
	struct iokmem_dma_segment segments[SEGMENTS];
	size_t offset = 0, first, length, place;
	unsigned int nr, i, all = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_get_prepared_offset_and_length(dma, &first,
									   &length));
	while (offset < length) {
		place = offset;
		nr = at_once;
		KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments,
								 &nr));
		KUNIT_ASSERT_GT(test, nr, 0);
		KUNIT_ASSERT_LE(test, nr, at_once);
		KUNIT_EXPECT_TRUE(test, nr == at_once || offset == length);
		for (i = 0; i < nr; i++) {
			if (desc) {
				expect_address(test, desc, first + place,
					       segments[i].address);
				expect_address(test, desc,
					       first + place + segments[i].length - 1,
					       segments[i].address +
					       segments[i].length - 1);
			}
			place += segments[i].length;
		}
		KUNIT_ASSERT_EQ(test, place, offset);
		all += nr;
	}
	KUNIT_EXPECT_EQ(test, offset, length);
	return all;
}

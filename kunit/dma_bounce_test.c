// SPDX-License-Identifier: GPL-2.0
/*
 * Devices whose transfers bounce: the DMA API gives them other memory, and copies. The test
 * plays the device. Neither its bytes nor the CPU's may be lost.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>

#include "dma_helpers.h"
#include "dmabuf_helpers.h"

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

struct importer_case {
	bool bounces;
	enum dma_data_direction direction;
};

/* Two devices that import one dma-buf, one after the other. */
static const struct importers_case {
	const char *name;
	struct importer_case first;
	struct importer_case second;
	int err;	/* of the second import */
} importers_cases[] = {
	{ "both bounce and write", { true, DMA_BIDIRECTIONAL }, { true, DMA_BIDIRECTIONAL },
	  -EBUSY },
	{ "the second only writes", { true, DMA_BIDIRECTIONAL }, { true, DMA_FROM_DEVICE },
	  -EBUSY },
	{ "the first only writes", { true, DMA_FROM_DEVICE }, { true, DMA_BIDIRECTIONAL },
	  -EBUSY },
	{ "the first bounces, both write", { true, DMA_BIDIRECTIONAL },
	  { false, DMA_BIDIRECTIONAL }, -EBUSY },
	{ "the second bounces, both write", { false, DMA_BIDIRECTIONAL },
	  { true, DMA_BIDIRECTIONAL }, -EBUSY },
	{ "the second bounces and reads", { true, DMA_BIDIRECTIONAL }, { true, DMA_TO_DEVICE } },
	{ "the first bounces and reads", { true, DMA_TO_DEVICE }, { true, DMA_BIDIRECTIONAL } },
	{ "the second reads", { true, DMA_BIDIRECTIONAL }, { false, DMA_TO_DEVICE } },
	{ "the second writes", { true, DMA_TO_DEVICE }, { false, DMA_BIDIRECTIONAL } },
	{ "none bounces", { false, DMA_BIDIRECTIONAL }, { false, DMA_BIDIRECTIONAL } },
};

static void importers_desc(const struct importers_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(importers, importers_cases, importers_desc);

static struct device *device_of(struct kunit *test, const struct importer_case *c,
				const char *name)
{
	return c->bounces ? bouncing_device(test, name) : device_named(test, name);
}

/* Return the bytes of a dma-buf of one page, as the device sees them. */
static u8 *bytes_of(const struct importer *importer)
{
	return phys_to_virt(sg_dma_address(importer->table->sgl));
}

/* Expect the memory to have what device_writes_byte() wrote. */
static void expect_written(struct kunit *test, struct iokmem_desc *desc,
			   const struct importer *importer, size_t at)
{
	u8 byte = 0;

	if (importer->direction == DMA_TO_DEVICE)
		return;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, at, &byte, 1));
	KUNIT_EXPECT_EQ_MSG(test, 10 + at, byte, "byte %zu", at);
}

static void device_writes_byte(const struct importer *importer, size_t at)
{
	if (importer->direction != DMA_TO_DEVICE)
		bytes_of(importer)[at] = 10 + at;
}

static void expect_read(struct kunit *test, const struct importer *importer, size_t at)
{
	if (importer->direction != DMA_FROM_DEVICE)
		KUNIT_EXPECT_EQ(test, 10 + at, bytes_of(importer)[at]);
}

/* Each of two devices writes a byte, then the CPU does. All must see all. */
static void expect_nothing_is_lost(struct kunit *test, struct iokmem_desc *desc,
				   struct dma_buf *dmabuf, const struct importer *first,
				   const struct importer *second)
{
	u8 byte = 13;

	device_writes_byte(first, 1);
	device_writes_byte(second, 2);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL));
	expect_written(test, desc, first, 1);
	expect_written(test, desc, second, 2);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_write_bytes(desc, 3, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_BIDIRECTIONAL));
	expect_read(test, first, 3);
	expect_read(test, second, 3);
}

static void bounce_of_importers_loses_nothing(struct kunit *test)
{
	const struct importers_case *c = test->param_value;
	struct device *first_device = device_of(test, &c->first, "iokmem-first");
	struct device *second_device = device_of(test, &c->second, "iokmem-second");
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct importer first, second;
	int err;

	KUNIT_ASSERT_EQ(test, 0, import_for(&first, dmabuf, first_device,
					    c->first.direction));
	err = import_for(&second, dmabuf, second_device, c->second.direction);
	KUNIT_EXPECT_EQ(test, c->err, err);
	if (!err) {
		expect_nothing_is_lost(test, desc, dmabuf, &first, &second);
		let_go(&first);
	} else {
		/* The second device may have the memory after the first. */
		device_writes_byte(&first, 1);
		let_go(&first);
		expect_written(test, desc, &first, 1);
		KUNIT_ASSERT_EQ(test, 0, import_for(&second, dmabuf, second_device,
						    c->second.direction));
	}
	let_go(&second);
}

static struct kunit_case dma_bounce_cases[] = {
	KUNIT_CASE(bounce_write_keeps_what_the_device_wrote),
	KUNIT_CASE(bounce_read_keeps_what_the_cpu_wrote),
	KUNIT_CASE(bounce_copies_long_ranges),
	KUNIT_CASE_PARAM(bounce_of_importers_loses_nothing, importers_gen_params),
	{}
};

static struct kunit_suite dma_bounce_suite = {
	.name = "iokmem_dma_bounce",
	.test_cases = dma_bounce_cases,
};

kunit_test_suite(dma_bounce_suite);

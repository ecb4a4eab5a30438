// SPDX-License-Identifier: GPL-2.0
/* IODMACommand under IOKit's names. */
#include <kunit/device.h>
#include <linux/dma-mapping.h>

#include <iokit/IODMACommand.h>
#include <iokit/IOMultiMemoryDescriptor.h>
#include <iokit/IOSubMemoryDescriptor.h>

#include "kinds.h"

#define PAGES	5

KUNIT_DEFINE_ACTION_WRAPPER(release_command, IODMACommand_release, IODMACommand *);

static IODMACommand *keep_command(struct kunit *test, IODMACommand *command)
{
	KUNIT_ASSERT_NOT_NULL(test, command);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, release_command, command));
	return command;
}

/* Create a command that takes any segment, not prepared. */
static IODMACommand *command(struct kunit *test, IODMACommand_SegmentFunction outSegFunc,
			     struct device *dev)
{
	return keep_command(test, IODMACommand_withSpecification(outSegFunc, 0, 0,
				IODMACommand_kMapped, 0, 1, dev, NULL));
}

/* Create a descriptor of PAGES pages, none of them neighbours. */
static IOMemoryDescriptor *scattered(struct kunit *test)
{
	IOBufferMemoryDescriptor *whole;
	IOMemoryDescriptor *parts[PAGES];
	int i;

	whole = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithPhysicalMask(TASK_NULL,
			kIODirectionInOut, 2 * PAGES * PAGE_SIZE, DMA_BIT_MASK(32)));
	for (i = 0; i < PAGES; i++)
		parts[i] = keep_desc(test, IOSubMemoryDescriptor_withSubRange(whole,
				2 * i * PAGE_SIZE, PAGE_SIZE, kIODirectionInOut));
	return keep_desc(test, IOMultiMemoryDescriptor_withDescriptors(parts, PAGES,
							kIODirectionInOut, false));
}

static void iokit_command_tells_the_device_all_segments(struct kunit *test)
{
	IODMACommand *dma = command(test, kIODMACommandOutputHost64, device(test));
	IOMemoryDescriptor *md = scattered(test);
	IODMACommand_Segment64 segments[3];
	UInt64 offset = 0;
	UInt32 n = 3, i, all = 0;

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, true));
	while (offset < PAGES * PAGE_SIZE) {
		KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
				IODMACommand_gen64IOVMSegments(dma, &offset, segments, &n));
		for (i = 0; i < n; i++, all++) {
			KUNIT_EXPECT_EQ(test, PAGE_SIZE, segments[i].fLength);
			KUNIT_EXPECT_EQ(test, segments[i].fIOVMAddr,
					IOMemoryDescriptor_getPhysicalSegment(md,
							all * PAGE_SIZE, NULL, 0));
		}
		KUNIT_EXPECT_EQ(test, all * PAGE_SIZE, offset);
	}
	KUNIT_EXPECT_EQ(test, PAGES, all);
	/* The last call returned fewer segments. */
	KUNIT_EXPECT_EQ(test, PAGES % 3, n);
	KUNIT_EXPECT_EQ(test, kIOReturnOverrun,
			IODMACommand_gen64IOVMSegments(dma, &offset, segments, &n));
	KUNIT_EXPECT_EQ(test, PAGES % 3, n);
	/* Start again, from the middle of a page. */
	offset = 100;
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, segments, &n));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE - 100, segments[0].fLength);

	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_genIOVMSegments(dma, NULL, segments, &n));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_genIOVMSegments(dma, &offset, NULL, &n));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_genIOVMSegments(dma, &offset, segments, NULL));
	n = 0;
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_genIOVMSegments(dma, &offset, segments, &n));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_clearMemoryDescriptor(dma, true));
}

/* Return the first segment of @md in the given output format, as 16 bytes. */
static void put_first(struct kunit *test, IODMACommand_SegmentFunction outSegFunc,
		      struct device *dev, IOMemoryDescriptor *md, void *table)
{
	IODMACommand *dma = command(test, outSegFunc, dev);
	UInt64 offset = 0;
	UInt32 n = 1;

	memset(table, 0xee, 16);
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, true));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, table, &n));
	KUNIT_EXPECT_EQ(test, 1, n);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_clearMemoryDescriptor(dma, true));
}

static void iokit_command_puts_segments_as_the_device_reads_them(struct kunit *test)
{
	struct device *dev = device(test);
	IOMemoryDescriptor *md = scattered(test);
	u64 at = IOMemoryDescriptor_getPhysicalAddress(md);
	__be32 big32[4];
	__le32 little32[4];
	__be64 big64[2];
	__le64 little64[2];
	u32 host32[4];
	u64 host64[2];

	put_first(test, kIODMACommandOutputHost32, dev, md, host32);
	KUNIT_EXPECT_EQ(test, at, host32[0]);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, host32[1]);
	KUNIT_EXPECT_EQ(test, 0xeeeeeeee, host32[2]);
	put_first(test, kIODMACommandOutputBig32, dev, md, big32);
	KUNIT_EXPECT_EQ(test, at, be32_to_cpu(big32[0]));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, be32_to_cpu(big32[1]));
	KUNIT_EXPECT_EQ(test, 0xeeeeeeee, be32_to_cpu(big32[2]));
	put_first(test, kIODMACommandOutputLittle32, dev, md, little32);
	KUNIT_EXPECT_EQ(test, at, le32_to_cpu(little32[0]));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, le32_to_cpu(little32[1]));
	KUNIT_EXPECT_EQ(test, 0xeeeeeeee, le32_to_cpu(little32[2]));
	put_first(test, kIODMACommandOutputHost64, dev, md, host64);
	KUNIT_EXPECT_EQ(test, at, host64[0]);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, host64[1]);
	put_first(test, kIODMACommandOutputBig64, dev, md, big64);
	KUNIT_EXPECT_EQ(test, at, be64_to_cpu(big64[0]));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, be64_to_cpu(big64[1]));
	put_first(test, kIODMACommandOutputLittle64, dev, md, little64);
	KUNIT_EXPECT_EQ(test, at, le64_to_cpu(little64[0]));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, le64_to_cpu(little64[1]));
}

/* The second segment does not fit, whatever its address is. */
static bool put_only_one(IODMACommand *target, IODMACommand_Segment64 segment,
			 void *segments, UInt32 i)
{
	return !i && IODMACommand_OutputHost64(target, segment, segments, i);
}

static void iokit_command_can_put_segments_by_another_function(struct kunit *test)
{
	struct device *dev = device(test);
	IODMACommand *dma = command(test, kIODMACommandOutputHost64, dev);
	IODMACommand_Segment64 segments[2];
	IODMACommand_Segment32 small[2];
	UInt64 offset = 0;
	UInt32 n = 2;

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, scattered(test), true));
	KUNIT_EXPECT_EQ(test, kIOReturnMessageTooLarge,
			IODMACommand_genIOVMSegments_function(dma, put_only_one, &offset,
							      segments, &n));
	KUNIT_EXPECT_EQ(test, 0ULL, offset);
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_genIOVMSegments_function(dma, NULL, &offset, segments,
							      &n));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments_function(dma, kIODMACommandOutputHost32,
							      &offset, small, &n));
	KUNIT_EXPECT_EQ(test, 2, n);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, small[1].fLength);

	dma = command(test, kIODMACommandOutputHost32, dev);
	offset = 0;
	n = 2;
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, scattered(test), true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_gen32IOVMSegments(dma, &offset, small, &n));
	KUNIT_EXPECT_EQ(test, 2, n);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, small[0].fLength);
}

static void iokit_command_knows_its_specification(struct kunit *test)
{
	struct device *dev = device(test);
	const IODMACommand_SegmentOptions options = {
		.fStructSize = sizeof(options),
		.fNumAddressBits = 40,
		.fMaxSegmentSize = 1024,
		.fMaxTransferSize = 3 * PAGE_SIZE,
		.fAlignment = 16,
		.fAlignmentLength = 4,
		.fAlignmentInternalSegments = 8,
	};
	IODMACommand *dma, *clone;
	IODMACommand_Segment64 segment;
	UInt64 offset = 0, length = 0;
	UInt32 n = 1;

	dma = keep_command(test, IODMACommand_withSpecification_options(
				kIODMACommandOutputHost64, &options, IODMACommand_kMapped,
				dev, test));
	clone = keep_command(test, IODMACommand_cloneCommand(dma, dev));
	KUNIT_EXPECT_PTR_EQ(test, (void *)test, dma->fRefCon);
	KUNIT_EXPECT_PTR_EQ(test, (void *)dev, clone->fRefCon);
	KUNIT_EXPECT_EQ(test, 40, IODMACommand_getNumAddressBits(clone));
	KUNIT_EXPECT_EQ(test, 16, IODMACommand_getAlignment(clone));
	KUNIT_EXPECT_EQ(test, 4, IODMACommand_getAlignmentLength(clone));
	KUNIT_EXPECT_EQ(test, 8, IODMACommand_getAlignmentInternalSegments(clone));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(clone, scattered(test), false));
	KUNIT_EXPECT_EQ(test, kIOReturnNoSpace,
			IODMACommand_prepare(clone, 0, 0, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnNotAligned,
			IODMACommand_prepare(clone, 0, 1022, true, true));
	/* Memory that is not aligned is copied. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepare(clone, 8, 1024, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_complete(clone, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepare(clone, 16, 2048, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_getPreparedOffsetAndLength(clone, &offset, &length));
	KUNIT_EXPECT_EQ(test, 16ULL, offset);
	KUNIT_EXPECT_EQ(test, 2048ULL, length);
	offset = 0;
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_gen64IOVMSegments(clone, &offset, &segment, &n));
	KUNIT_EXPECT_EQ(test, 1024ULL, segment.fLength);

	/* The arguments of the old factory. */
	dma = keep_command(test, IODMACommand_withSpecification(kIODMACommandOutputHost32, 0,
				512, IODMACommand_kMapped, 0, 64, dev, NULL));
	KUNIT_EXPECT_EQ(test, 32, IODMACommand_getNumAddressBits(dma));
	KUNIT_EXPECT_EQ(test, 64, IODMACommand_getAlignment(dma));
	KUNIT_EXPECT_EQ(test, 1, IODMACommand_getAlignmentLength(dma));
	KUNIT_EXPECT_EQ(test, 64, IODMACommand_getAlignmentInternalSegments(dma));
}

static IODMACommand *specified(const IODMACommand_SegmentOptions *options,
			       UInt32 mapping, struct device *dev)
{
	IODMACommand *dma;

	dma = IODMACommand_withSpecification_options(kIODMACommandOutputHost32, options,
						     mapping, dev, NULL);
	if (dma)
		IODMACommand_release(dma);
	return dma;
}

static void iokit_command_refuses_what_it_cannot_do(struct kunit *test)
{
	const IODMACommand_SegmentOptions good = { .fStructSize = sizeof(good) };
	IODMACommand_SegmentOptions options = good;
	struct device *dev = device(test);
	IODMACommand *dma = NULL;
	int bit;

	KUNIT_EXPECT_NOT_NULL(test, specified(&good, IODMACommand_kMapped, dev));
	KUNIT_EXPECT_NULL(test, specified(&good, IODMACommand_kMapped, NULL));
	KUNIT_EXPECT_NULL(test, specified(NULL, IODMACommand_kMapped, dev));
	for (bit = 0; bit < 32; bit++)
		KUNIT_EXPECT_NULL(test, specified(&good, 1u << bit, dev));
	options.fStructSize--;
	KUNIT_EXPECT_NULL(test, specified(&options, IODMACommand_kMapped, dev));
	options = good;
	options.fNumAddressBits = 33;
	KUNIT_EXPECT_NULL(test, specified(&options, IODMACommand_kMapped, dev));
	options.fNumAddressBits = PAGE_SHIFT - 1;
	KUNIT_EXPECT_NULL(test, specified(&options, IODMACommand_kMapped, dev));
	options = good;
	options.fAlignmentLength = 3;
	KUNIT_EXPECT_NULL(test, specified(&options, IODMACommand_kMapped, dev));

	KUNIT_EXPECT_NULL(test, IODMACommand_withSpecification(NULL, 0, 0,
				IODMACommand_kMapped, 0, 1, dev, NULL));
	KUNIT_EXPECT_NULL(test, IODMACommand_withSpecification(kIODMACommandOutputHost64,
				65, 0, IODMACommand_kMapped, 0, 1, dev, NULL));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_weakWithSpecification(NULL, kIODMACommandOutputHost64,
				0, 0, IODMACommand_kMapped, 0, 1, dev, NULL));
	KUNIT_EXPECT_EQ(test, kIOReturnError,
			IODMACommand_weakWithSpecification(&dma, kIODMACommandOutputHost64,
				0, 0, IODMACommand_kBypassed, 0, 1, dev, NULL));
	KUNIT_EXPECT_NULL(test, dma);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_weakWithSpecification(&dma, kIODMACommandOutputHost64,
				0, 0, IODMACommand_kMapped, 0, 1, dev, NULL));
	keep_command(test, dma);

	KUNIT_EXPECT_FALSE(test, IODMACommand_initWithSpecification(dma,
				kIODMACommandOutputHost64, 0, 0, IODMACommand_kMapped, 0, 1,
				dev, NULL));
	KUNIT_EXPECT_FALSE(test, IODMACommand_initWithSpecification_options(dma,
				kIODMACommandOutputHost64, &good, IODMACommand_kMapped, dev,
				NULL));
	KUNIT_EXPECT_FALSE(test, IODMACommand_initWithRefCon(dma, NULL));
	KUNIT_EXPECT_NULL(test, IODMACommand_createCopyBuffer(dma, kIODirectionIn, 0));
}

static void iokit_command_is_prepared_and_completed(struct kunit *test)
{
	IODMACommand *dma = command(test, kIODMACommandOutputHost64, device(test));
	IOMemoryDescriptor *md = scattered(test), *other = scattered(test);
	UInt64 at;

	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_prepare(dma, 0, 0, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, false));
	KUNIT_EXPECT_PTR_EQ(test, md, IODMACommand_getIOMemoryDescriptor(dma));
	KUNIT_EXPECT_PTR_EQ(test, (const IOMemoryDescriptor *)md,
			    IODMACommand_getMemoryDescriptor(dma));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_complete(dma, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_synchronize(dma,
									  kIODirectionIn));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_getPreparedOffsetAndLength(dma, &at, NULL));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepare(dma, PAGE_SIZE, PAGE_SIZE, true, true));
	/* Nested preparations must cover the same bytes. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepare(dma, PAGE_SIZE, PAGE_SIZE, false, false));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_prepare(dma, PAGE_SIZE, 1, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnBusy,
			IODMACommand_setMemoryDescriptor(dma, other, true));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_clearMemoryDescriptor(dma, false));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_getPreparedOffsetAndLength(dma, NULL, &at));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, at);

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_synchronize(dma, kIODirectionIn));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_synchronize(dma, kIODirectionOut));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_synchronize(dma, kIODirectionInOut));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument, IODMACommand_synchronize(dma, 4));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IODMACommand_synchronize(dma, kIODirectionInOut |
						 IODMACommand_kForceDoubleBuffer));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_complete(dma, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_complete(dma, false, false));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_complete(dma, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, other, true));
	/* The last reference completes remaining preparations. */
	IODMACommand_retain(dma);
	IODMACommand_release(dma);
}

static void iokit_command_has_a_copy_if_it_is_told_to(struct kunit *test)
{
	IODMACommand *dma = command(test, kIODMACommandOutputHost64, device(test));
	IOMemoryDescriptor *md = scattered(test), *copy;
	IODMACommand_Segment64 before, after;
	UInt64 offset = 0;
	UInt32 nr = 1;

	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_synchronize(dma, IODMACommand_kForceDoubleBuffer));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, true));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, &before, &nr));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_synchronize(dma, IODMACommand_kForceDoubleBuffer));
	offset = 0;
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, &after, &nr));
	KUNIT_EXPECT_NE(test, before.fIOVMAddr, after.fIOVMAddr);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_complete(dma, true, true));

	copy = keep_desc(test, IODMACommand_createCopyBuffer(dma, kIODirectionIn, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, IOMemoryDescriptor_getLength(copy));
	KUNIT_EXPECT_EQ(test, kIODirectionIn, IOMemoryDescriptor_getDirection(copy));
}

static void iokit_command_has_no_copy_of_registers(struct kunit *test)
{
	struct device *dev = device(test);
	IOMemoryDescriptor *md;
	IODMACommand *dma;

	md = keep_desc(test, IOMemoryDescriptor_withAddressRange(0x900000000, PAGE_SIZE,
								 kIODirectionInOut, TASK_NULL));
	dma = keep_command(test, IODMACommand_withSpecification(kIODMACommandOutputHost64, 32, 0,
				IODMACommand_kMapped, 0, 64, dev, NULL));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, false));
	KUNIT_EXPECT_EQ(test, kIOReturnMessageTooLarge,
			IODMACommand_prepare(dma, 0, 0, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnNotAligned, IODMACommand_prepare(dma, 32, 0, true, true));
}

static void iokit_command_copies_what_is_prepared(struct kunit *test)
{
	IODMACommand *dma = command(test, kIODMACommandOutputHost64, device(test));
	IOMemoryDescriptor *md = scattered(test);
	u8 in[64], out[64] = {};

	fill_bytes(in, sizeof(in));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, false));
	KUNIT_EXPECT_EQ(test, 0, IODMACommand_writeBytes(dma, 0, in, 64));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepare(dma, PAGE_SIZE - 20, 40, true, true));
	/* Unlike a descriptor's copy, this one is cut short. */
	KUNIT_EXPECT_EQ(test, 40, IODMACommand_writeBytes(dma, 0, in, 64));
	KUNIT_EXPECT_EQ(test, 30, IODMACommand_readBytes(dma, 10, out, 64));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 30, 10));
	KUNIT_EXPECT_EQ(test, 0, IODMACommand_readBytes(dma, 40, out, 1));
	KUNIT_EXPECT_EQ(test, 40, IOMemoryDescriptor_readBytes(md, PAGE_SIZE - 20, out, 40));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 40, 0));
}

static IOReturn prepare_as(IODMACommand *dma, UInt64 maxSegmentSize, struct device *dev)
{
	return IODMACommand_prepareWithSpecification(dma, kIODMACommandOutputHost64, 0,
				maxSegmentSize, IODMACommand_kMapped, 0, 1, dev, 0, 0, true,
				true);
}

/* Nothing is known at first, not even which device transfers. */
static void iokit_command_can_be_specified_later(struct kunit *test)
{
	struct device *dev = device(test), *second;
	IOMemoryDescriptor *md = scattered(test), *other = scattered(test);
	const IODMACommand_SegmentOptions options = {
		.fStructSize = sizeof(options),
		.fMaxSegmentSize = 128,
	};
	IODMACommand_Segment64 segment;
	IODMACommand *dma;
	UInt64 offset = 0;
	UInt32 n = 1;

	second = kunit_device_register(test, "iokmem-second");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(second, DMA_BIT_MASK(64)));

	dma = keep_command(test, IODMACommand_withRefCon(test));
	KUNIT_EXPECT_PTR_EQ(test, (void *)test, dma->fRefCon);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, other, false));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_setMemoryDescriptor(dma, md, true));
	KUNIT_EXPECT_PTR_EQ(test, other, IODMACommand_getIOMemoryDescriptor(dma));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_clearMemoryDescriptor(dma, true));
	KUNIT_EXPECT_NULL(test, IODMACommand_getIOMemoryDescriptor(dma));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, false));

	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_prepare(dma, 0, 0, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_complete(dma, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IODMACommand_synchronize(dma,
									  kIODirectionIn));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_getPreparedOffsetAndLength(dma, NULL, NULL));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_genIOVMSegments(dma, &offset, &segment, &n));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IODMACommand_genIOVMSegments_function(dma, kIODMACommandOutputHost64,
							      &offset, &segment, &n));
	KUNIT_EXPECT_EQ(test, 0, IODMACommand_readBytes(dma, 0, &segment, 1));
	KUNIT_EXPECT_EQ(test, 0, IODMACommand_writeBytes(dma, 0, &segment, 1));
	keep_command(test, IODMACommand_cloneCommand(dma, NULL));

	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument, prepare_as(dma, 512, NULL));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, prepare_as(dma, 512, dev));
	KUNIT_EXPECT_PTR_EQ(test, md, IODMACommand_getIOMemoryDescriptor(dma));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, &segment, &n));
	KUNIT_EXPECT_EQ(test, 512ULL, segment.fLength);

	/* The device cannot change while the command is prepared, but afterwards. */
	KUNIT_EXPECT_EQ(test, kIOReturnNotPermitted, prepare_as(dma, 256, dev));
	KUNIT_EXPECT_EQ(test, kIOReturnNotPermitted, prepare_as(dma, 256, second));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_complete(dma, true, true));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, prepare_as(dma, 256, second));
	KUNIT_EXPECT_PTR_EQ(test, md, IODMACommand_getIOMemoryDescriptor(dma));
	offset = 0;
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, &segment, &n));
	KUNIT_EXPECT_EQ(test, 256ULL, segment.fLength);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IODMACommand_complete(dma, true, true));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepareWithSpecification_options(dma,
				kIODMACommandOutputHost64, &options, IODMACommand_kMapped,
				NULL, 0, PAGE_SIZE, true, true));
	offset = 0;
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_genIOVMSegments(dma, &offset, &segment, &n));
	KUNIT_EXPECT_EQ(test, 128ULL, segment.fLength);
}

#ifdef CONFIG_FAULT_INJECTION
static bool make_command_and_clone(struct device *dev, IOMemoryDescriptor *md)
{
	IODMACommand *dma, *clone;
	IOReturn ret = kIOReturnNoMemory;

	dma = IODMACommand_withSpecification(kIODMACommandOutputHost64, 0, 0,
					     IODMACommand_kMapped, 0, 1, dev, NULL);
	if (!dma)
		return false;
	clone = IODMACommand_cloneCommand(dma, NULL);
	if (clone) {
		ret = IODMACommand_setMemoryDescriptor(clone, md, true);
		IODMACommand_release(clone);
	}
	IODMACommand_release(dma);
	return !ret;
}

static bool make_command_later(struct device *dev, IOMemoryDescriptor *md)
{
	IODMACommand *dma = IODMACommand_withRefCon(NULL);
	IOReturn ret;

	if (!dma)
		return false;
	ret = IODMACommand_setMemoryDescriptor(dma, md, false);
	if (!ret)
		ret = prepare_as(dma, 0, dev);
	IODMACommand_release(dma);
	return !ret;
}

static bool make_copy(struct device *dev, IOMemoryDescriptor *md)
{
	IOBufferMemoryDescriptor *copy;

	copy = IOBufferMemoryDescriptor_withCopy(kernel_task, kIOMemoryPageable, kernel_task,
						 (unsigned long)dev, sizeof(*dev));
	if (copy)
		IOMemoryDescriptor_release(copy);
	return copy;
}

static void iokit_object_is_made_or_nothing_is_left(struct kunit *test)
{
	static bool (*const makings[])(struct device *dev, IOMemoryDescriptor *md) = {
		make_command_and_clone, make_command_later, make_copy,
	};
	IOMemoryDescriptor *md = scattered(test);
	struct device *dev = device(test);
	unsigned int users = refcount_read(&md->users);
	int i, nth, failures;
	bool made, reached;

	for (i = 0; i < ARRAY_SIZE(makings); i++) {
		for (nth = 1, failures = 0, reached = true; reached; nth++) {
			current->fail_nth = nth;
			made = makings[i](dev, md);
			reached = !current->fail_nth;
			current->fail_nth = 0;
			failures += !made;
			KUNIT_EXPECT_EQ(test, users, refcount_read(&md->users));
			KUNIT_EXPECT_EQ(test, 0, md->held);
		}
		KUNIT_EXPECT_TRUE(test, made);
		if (!failures)
			kunit_skip(test, "the kernel lets nothing fail");
	}
}
#endif

static struct kunit_case iokit_dma_cases[] = {
	KUNIT_CASE(iokit_command_tells_the_device_all_segments),
	KUNIT_CASE(iokit_command_puts_segments_as_the_device_reads_them),
	KUNIT_CASE(iokit_command_can_put_segments_by_another_function),
	KUNIT_CASE(iokit_command_knows_its_specification),
	KUNIT_CASE(iokit_command_refuses_what_it_cannot_do),
	KUNIT_CASE(iokit_command_is_prepared_and_completed),
	KUNIT_CASE(iokit_command_has_a_copy_if_it_is_told_to),
	KUNIT_CASE(iokit_command_has_no_copy_of_registers),
	KUNIT_CASE(iokit_command_copies_what_is_prepared),
	KUNIT_CASE(iokit_command_can_be_specified_later),
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_CASE(iokit_object_is_made_or_nothing_is_left),
#endif
	{}
};

static struct kunit_suite iokit_dma_suite = {
	.name = "iokmem_iokit_dma",
	.test_cases = iokit_dma_cases,
};

kunit_test_suite(iokit_dma_suite);

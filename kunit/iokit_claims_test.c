// SPDX-License-Identifier: GPL-2.0
/*
 * IOKit's names: claims of Documentation/iokit-differences.md that no other test proves. See
 * iokit-differences.tests there.
 */
#include <linux/io.h>
#include <linux/uaccess.h>

#include <iokit/IOBufferMemoryDescriptor.h>
#include <iokit/IODMACommand.h>
#include <iokit/IODeviceMemory.h>
#include <iokit/IOMultiMemoryDescriptor.h>

#include "kinds.h"

#define MOST_RANGES	1024

static IOBufferMemoryDescriptor *claims_buffer(struct kunit *test, IOOptionBits options)
{
	return keep_desc(test, IOBufferMemoryDescriptor_withOptions(kIODirectionInOut | options,
								    SZ_64K, 1));
}

/* Options */

static void iokit_impossible_buffers_are_null(struct kunit *test)
{
	u32 pageable = kIODirectionInOut | kIOMemoryPageable;

	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(kIOMemoryPurgeable,
								     PAGE_SIZE, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(pageable |
				kIOMemoryPhysicallyContiguous, PAGE_SIZE, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(pageable, PAGE_SIZE,
								     2 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithPhysicalMask(TASK_NULL,
				pageable, PAGE_SIZE, 0xffffffff));
	keep_desc(test, IOBufferMemoryDescriptor_withOptions(pageable | kIOMemoryPurgeable,
							     PAGE_SIZE, PAGE_SIZE));
}

static void iokit_options_with_two_meanings_have_apples(struct kunit *test)
{
	u32 native = 0;

	KUNIT_EXPECT_EQ(test, kIOMemoryMapperNone, kIOMapPostedReordered);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_buffer_options(kIOMapPostedReordered, &native));
	KUNIT_EXPECT_EQ(test, 0, native);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_buffer_options(kIOMapPostedCombinedReordered, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_INHIBIT_CACHE, native);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_map_options(kIOMapGuardedSmall | kIOMapGuardedLarge, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_GUARDED_SMALL, native);
}

static void iokit_types_without_objects_are_refused(struct kunit *test)
{
	static const u32 types[] = {
		kIOMemoryTypeUPL, kIOMemoryTypeUIO, kIOMemoryTypePersistentMD,
	};
	u8 byte;
	IOAddressRange range = { (unsigned long)&byte, 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withOptions(&range, 1, 0, kernel_task,
				  kIODirectionOut | types[i], kIOMapperSystem));
}

static void iokit_write_through_is_uncached(struct kunit *test)
{
	IOMemoryMap *map;

	need_memory_types(test);
	map = keep_map(test, IOMemoryDescriptor_map(claims_buffer(test, kIOMapWriteThruCache),
						    kIOMapWriteThruCache));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_INHIBIT_CACHE, iokmem_map_get_cache_mode(map));
}

static void iokit_promises_of_transfers_are_refused(struct kunit *test)
{
	IOMemoryDescriptor *md = claims_buffer(test, 0);

	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_prepare(md, kIODirectionPrepareToPhys32));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_prepare(md, kIODirectionPrepareNoFault));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_prepare(md, kIODirectionPrepareNonCoherent));
	/* That something went wrong is no promise. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(md, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_complete(md, kIODirectionCompleteWithError));
}

/* Buffers and other descriptors */

static void iokit_buffers_share_no_page(struct kunit *test)
{
	IOBufferMemoryDescriptor *one, *other;

	one = keep_desc(test, IOBufferMemoryDescriptor_withCapacity(1, 0, false));
	other = keep_desc(test, IOBufferMemoryDescriptor_withCapacity(1, 0, false));
	KUNIT_EXPECT_NE(test, pfn_of(one, 0), pfn_of(other, 0));
	KUNIT_EXPECT_EQ(test, 0, offset_in_page(IOMemoryDescriptor_getPhysicalAddress(one)));
}

#ifdef CONFIG_FAULT_INJECTION
static void iokit_append_fails_where_memory_is_missing(struct kunit *test)
{
	bool appended = false, reached = true;
	int nth, failures = 0;

	for (nth = 1; reached; nth++) {
		IOBufferMemoryDescriptor *md = claims_buffer(test, kIOMemoryPageable);

		IOBufferMemoryDescriptor_setLength(md, 0);
		current->fail_nth = nth;
		appended = IOBufferMemoryDescriptor_appendBytes(md, "1234", 4);
		reached = !current->fail_nth;
		current->fail_nth = 0;
		failures += !appended;
		KUNIT_EXPECT_EQ(test, appended ? 4 : 0, IOMemoryDescriptor_getLength(md));
	}
	KUNIT_EXPECT_TRUE(test, appended);
	if (!failures)
		kunit_skip(test, "the kernel lets nothing fail");
}
#endif

static void iokit_ranges_are_copied_and_counted(struct kunit *test)
{
	IOAddressRange *ranges = kunit_kcalloc(test, MOST_RANGES + 1, sizeof(*ranges), GFP_KERNEL);
	u8 *bytes = kunit_kzalloc(test, 2 * (MOST_RANGES + 1), GFP_KERNEL);
	IOMemoryDescriptor *md;
	u8 byte = 0;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	for (i = 0; i <= MOST_RANGES; i++)
		ranges[i] = (IOAddressRange){ (unsigned long)bytes + 2 * i, 1 };
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddressRanges(ranges, MOST_RANGES + 1,
				kIODirectionOut, kernel_task));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddressRanges(ranges, 0,
				kIODirectionOut, kernel_task));
	md = keep_desc(test, IOMemoryDescriptor_withAddressRanges(ranges, MOST_RANGES,
			kIODirectionOut | kIOMemoryAsReference, kernel_task));
	KUNIT_EXPECT_EQ(test, MOST_RANGES, IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_PTR_EQ(test, md, OSDynamicCast(IOMultiMemoryDescriptor, md));

	/* A reference to the array is not kept. */
	bytes[2 * 77] = 7;
	memset(ranges, 0, MOST_RANGES * sizeof(*ranges));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(md, 0));
	KUNIT_EXPECT_EQ(test, 1, IOMemoryDescriptor_readBytes(md, 77, &byte, 1));
	KUNIT_EXPECT_EQ(test, 7, byte);

	ranges[0] = (IOAddressRange){ (unsigned long)bytes, 2 };
	ranges[1] = (IOAddressRange){ (unsigned long)bytes + 2, 2 };
	md = keep_desc(test, IOMemoryDescriptor_withAddressRanges(ranges, 2, kIODirectionOut,
								  kernel_task));
	KUNIT_EXPECT_PTR_EQ(test, md, OSDynamicCast(IOGeneralMemoryDescriptor, md));
}

static void iokit_members_may_differ_in_kind(struct kunit *test)
{
	IOMemoryDescriptor *members[2];

	members[0] = claims_buffer(test, 0);
	members[1] = claims_buffer(test, kIOMemoryPageable);
	keep_desc(test, IOMultiMemoryDescriptor_withDescriptors(members, 2, kIODirectionInOut,
								false));
}

static void iokit_physical_memory_has_a_byte(struct kunit *test)
{
	IOMemoryDescriptor *md;

	need_reserved(test);
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withPhysicalAddress(RESERVED_START, 0,
								       kIODirectionInOut));
	/* Memory of a device is like other physical memory. */
	md = keep_desc(test, IODeviceMemory_withRange(RESERVED_START, PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, md, OSDynamicCast(IOGeneralMemoryDescriptor, md));
	md = keep_desc(test, IOMemoryDescriptor_withPhysicalAddress(RESERVED_START, 1,
								    kIODirectionInOut));
	KUNIT_EXPECT_PTR_EQ(test, md, OSDynamicCast(IOGeneralMemoryDescriptor, md));
}

/* Maps */

static void iokit_map_in_place_of_others_is_gone_when_released(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = claims_buffer(test, 0);
	unsigned long address;
	IOMemoryMap *map;

	attach_address_space(test);
	address = user_memory(test, SZ_64K, false);
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, address,
								    kIOMapOverwrite, 0, 0));
	KUNIT_EXPECT_EQ(test, address, IOMemoryMap_getAddress(map));
	fill_user(test, address, SZ_64K);
	KUNIT_EXPECT_TRUE(test, has_pattern(IOBufferMemoryDescriptor_getBytesNoCopy(md), SZ_64K,
					    0));
	put_map_now(test, map);
	KUNIT_EXPECT_NE(test, 0UL, touch(address));

	/* The kernel's addresses cannot be chosen. */
	address = (unsigned long)IOBufferMemoryDescriptor_getBytesNoCopy(md) + SZ_1G;
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_createMappingInTask(md, kernel_task, address,
								       kIOMapOverwrite, 0, 0));
}

static void iokit_read_only_map_is_so_in_the_buffers_task(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;
	IOMemoryMap *map;
	u8 byte = 1;

	attach_address_space(test);
	md = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithOptions(current, kIODirectionInOut,
									PAGE_SIZE, 1));
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
						kIOMapAnywhere | kIOMapReadOnly, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)IOMemoryMap_getAddress(map)));
	KUNIT_EXPECT_EQ(test, 0, byte);
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(1, (u8 __user *)IOMemoryMap_getAddress(map)));
}

/* DMA commands */

static void iokit_command_is_mapped_for_its_device(struct kunit *test)
{
	static const u32 others[] = {
		IODMACommand_kBypassed, IODMACommand_kUnmapped, IODMACommand_kNonCoherent,
		IODMACommand_kNoCacheStore, IODMACommand_kOnChip, IODMACommand_kIterateOnly,
	};
	IOMapper *mapper = device(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		KUNIT_EXPECT_NULL(test, IODMACommand_withSpecification(kIODMACommandOutputHost64,
				  0, 0, others[i], 0, 1, mapper, NULL));
}

/* The device has other memory, which has to be copied whatever the caller leaves out. */
static void iokit_command_does_what_the_device_needs(struct kunit *test)
{
	const bool flushCache = false, invalidateCache = false, synchronize = false;
	IOBufferMemoryDescriptor *md = claims_buffer(test, 0);
	IOMapper *mapper = bouncing_device(test, "iokmem-claims");
	u8 *bytes = IOBufferMemoryDescriptor_getBytesNoCopy(md), *seen;
	IODMACommand_Segment64 segment = {};
	IODMACommand *dma;
	UInt64 offset = 0;
	UInt32 n = 1;

	bytes[0] = 1;
	dma = IODMACommand_withSpecification(kIODMACommandOutputHost64, 0, 0,
					     IODMACommand_kMapped, 0, 1, mapper, NULL);
	KUNIT_ASSERT_NOT_NULL(test, dma);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_setMemoryDescriptor(dma, md, false));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_prepare(dma, 0, PAGE_SIZE, flushCache, synchronize));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_gen64IOVMSegments(dma, &offset, &segment, &n));
	seen = phys_to_virt(segment.fIOVMAddr);
	KUNIT_EXPECT_PTR_NE(test, bytes, seen);
	KUNIT_EXPECT_EQ(test, 1, *seen);
	*seen = 2;
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IODMACommand_complete(dma, invalidateCache, synchronize));
	KUNIT_EXPECT_EQ(test, 2, bytes[0]);
	IODMACommand_release(dma);
}

static struct kunit_case iokit_claims_cases[] = {
	KUNIT_CASE(iokit_impossible_buffers_are_null),
	KUNIT_CASE(iokit_options_with_two_meanings_have_apples),
	KUNIT_CASE(iokit_types_without_objects_are_refused),
	KUNIT_CASE(iokit_write_through_is_uncached),
	KUNIT_CASE(iokit_promises_of_transfers_are_refused),
	KUNIT_CASE(iokit_buffers_share_no_page),
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_CASE(iokit_append_fails_where_memory_is_missing),
#endif
	KUNIT_CASE(iokit_ranges_are_copied_and_counted),
	KUNIT_CASE(iokit_members_may_differ_in_kind),
	KUNIT_CASE(iokit_physical_memory_has_a_byte),
	KUNIT_CASE(iokit_map_in_place_of_others_is_gone_when_released),
	KUNIT_CASE(iokit_read_only_map_is_so_in_the_buffers_task),
	KUNIT_CASE(iokit_command_is_mapped_for_its_device),
	KUNIT_CASE(iokit_command_does_what_the_device_needs),
	{}
};

static struct kunit_suite iokit_claims_suite = {
	.name = "iokmem_iokit_claims",
	.test_cases = iokit_claims_cases,
};

kunit_test_suite(iokit_claims_suite);

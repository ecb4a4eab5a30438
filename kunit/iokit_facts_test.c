// SPDX-License-Identifier: GPL-2.0
/*
 * IOKit's names: what descriptors tell about themselves, what is a hint only, and how a driver
 * learns why a function has returned NULL.
 */
#include <linux/vmalloc.h>

#include <iokit/IOBufferMemoryDescriptor.h>
#include <iokit/IODMACommand.h>
#include <iokit/IODeviceMemory.h>
#include <iokit/IOGuardPageMemoryDescriptor.h>
#include <iokit/IOMultiMemoryDescriptor.h>

#include "kinds.h"
#include "map/map.h"
#include "page/compat.h"
#include "trace.h"

static IOBufferMemoryDescriptor *facts_buffer(struct kunit *test, IOOptionBits options)
{
	return keep_desc(test, IOBufferMemoryDescriptor_withOptions(kIODirectionInOut | options,
								    SZ_64K, 1));
}

static void iokit_dma_map_length_is_in_whole_pages(struct kunit *test)
{
	IOBufferMemoryDescriptor *whole = facts_buffer(test, 0);
	IOMemoryDescriptor *multi, *pieces[2];
	UInt64 offset;

	KUNIT_EXPECT_EQ(test, (UInt64)SZ_64K, IOMemoryDescriptor_getDMAMapLength(whole, &offset));
	KUNIT_EXPECT_EQ(test, 0ULL, offset);
	KUNIT_EXPECT_EQ(test, (UInt64)SZ_64K, IOMemoryDescriptor_getDMAMapLength(whole, NULL));

	/* Two bytes on either side of a page's end are on two pages. */
	pieces[0] = keep_desc(test, IOMemoryDescriptor_withSubRange(whole, PAGE_SIZE - 1, 2,
								    kIODirectionInOut));
	KUNIT_EXPECT_EQ(test, 2ULL * PAGE_SIZE,
			IOMemoryDescriptor_getDMAMapLength(pieces[0], &offset));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE - 1ULL, offset);

	/* A page that two pieces begin and end in is there for each of them. */
	pieces[1] = keep_desc(test, IOMemoryDescriptor_withSubRange(whole, 3 * PAGE_SIZE + 100,
								    PAGE_SIZE, kIODirectionInOut));
	multi = keep_desc(test, IOMultiMemoryDescriptor_withDescriptors(pieces, 2,
							kIODirectionInOut, true));
	KUNIT_EXPECT_EQ(test, 4ULL * PAGE_SIZE,
			IOMemoryDescriptor_getDMAMapLength(multi, &offset));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE - 1ULL, offset);

	/* Nothing takes nothing. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOBufferMemoryDescriptor_setLength(whole, 0));
	KUNIT_EXPECT_EQ(test, 0ULL, IOMemoryDescriptor_getDMAMapLength(whole, &offset));
	KUNIT_EXPECT_EQ(test, 0ULL, offset);
}

/* Casts give the object or NULL, whatever the type of the pointer is in C. */
static void iokit_cast_tells_the_class(struct kunit *test)
{
	IOBufferMemoryDescriptor *buffer = facts_buffer(test, kIOMemoryPageable);
	IOMemoryDescriptor *sub, *multi, *guard, *range;
	u8 byte;

	sub = keep_desc(test, IOMemoryDescriptor_withSubRange(buffer, 1, 2, 0));
	multi = keep_desc(test, IOMultiMemoryDescriptor_withDescriptors(&sub, 1, 0, false));
	guard = keep_desc(test, IOGuardPageMemoryDescriptor_withSize(1));
	range = keep_desc(test, IOMemoryDescriptor_withAddress(&byte, 1, kIODirectionOut));

	KUNIT_EXPECT_PTR_EQ(test, sub, OSDynamicCast(IOMemoryDescriptor, sub));
	KUNIT_EXPECT_PTR_EQ(test, buffer, OSDynamicCast(IOBufferMemoryDescriptor, buffer));
	KUNIT_EXPECT_PTR_EQ(test, buffer, OSDynamicCast(IOGeneralMemoryDescriptor, buffer));
	KUNIT_EXPECT_PTR_EQ(test, sub, OSDynamicCast(IOSubMemoryDescriptor, sub));
	KUNIT_EXPECT_PTR_EQ(test, multi, OSDynamicCast(IOMultiMemoryDescriptor, multi));
	KUNIT_EXPECT_PTR_EQ(test, guard, OSDynamicCast(IOGuardPageMemoryDescriptor, guard));
	KUNIT_EXPECT_PTR_EQ(test, range, OSDynamicCast(IOGeneralMemoryDescriptor, range));

	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOBufferMemoryDescriptor, sub));
	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOBufferMemoryDescriptor, range));
	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOGeneralMemoryDescriptor, multi));
	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOSubMemoryDescriptor, buffer));
	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOMultiMemoryDescriptor, guard));
	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOGuardPageMemoryDescriptor, multi));
	KUNIT_EXPECT_NULL(test, OSDynamicCast(IOSubMemoryDescriptor, (IOMemoryDescriptor *)NULL));
}

static void iokit_release_forgets_the_object(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = IOBufferMemoryDescriptor_withOptions(0, PAGE_SIZE, 1);
	IODMACommand *command = IODMACommand_withRefCon(NULL);
	IOMemoryMap *map;

	KUNIT_ASSERT_NOT_NULL(test, md);
	KUNIT_ASSERT_NOT_NULL(test, command);
	map = IOMemoryDescriptor_map(md, 0);
	OSSafeReleaseNULL(map);
	KUNIT_EXPECT_NULL(test, map);
	OSSafeReleaseNULL(map);
	OSSafeReleaseNULL(command);
	KUNIT_EXPECT_NULL(test, command);
	OSSafeReleaseNULL(md);
	KUNIT_EXPECT_NULL(test, md);
}

static void iokit_pages_are_rounded_as_in_iokit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, round_page(PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, trunc_page(2 * PAGE_SIZE - 1));
	KUNIT_EXPECT_EQ(test, (1ULL << 40) + PAGE_SIZE, round_page_64((1ULL << 40) + 1));
	KUNIT_EXPECT_EQ(test, 1ULL << 40, trunc_page_64((1ULL << 40) + 1));
	KUNIT_EXPECT_PTR_EQ(test, current, current_task());
}

static void iokit_descriptor_has_a_number_and_a_context(struct kunit *test)
{
	IOMemoryDescriptor *one = facts_buffer(test, 0), *other = facts_buffer(test, 0);
	int object;

	KUNIT_EXPECT_NE(test, 0ULL, IOMemoryDescriptor_getDescriptorID(one));
	KUNIT_EXPECT_NE(test, IOMemoryDescriptor_getDescriptorID(one),
			IOMemoryDescriptor_getDescriptorID(other));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_copyContext(one));
	IOMemoryDescriptor_setContext(one, &object);
	KUNIT_EXPECT_PTR_EQ(test, (void *)&object, IOMemoryDescriptor_copyContext(one));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_copyContext(other));
}

static void iokit_preparation_has_a_number_of_its_own(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = facts_buffer(test, kIOMemoryPageable);
	IOMemoryDescriptor *sub;
	UInt64 first;

	sub = keep_desc(test, IOMemoryDescriptor_withSubRange(md, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, (UInt64)kIOPreparationIDAlwaysPrepared,
			IOMemoryDescriptor_getPreparationID(facts_buffer(test, 0)));
	KUNIT_EXPECT_EQ(test, (UInt64)kIOPreparationIDUnprepared,
			IOMemoryDescriptor_getPreparationID(md));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(md, 0));
	first = IOMemoryDescriptor_getPreparationID(md);
	KUNIT_EXPECT_GT(test, first, (UInt64)kIOPreparationIDAlwaysPrepared);
	KUNIT_EXPECT_EQ(test, first, IOMemoryDescriptor_getPreparationID(sub));

	/* The memory stays where it is as long as it is prepared. */
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(sub, 0));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_complete(md, 0));
	KUNIT_EXPECT_EQ(test, first, IOMemoryDescriptor_getPreparationID(md));
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_complete(md, 0));
	KUNIT_EXPECT_EQ(test, (UInt64)kIOPreparationIDUnprepared,
			IOMemoryDescriptor_getPreparationID(md));

	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(md, 0));
	KUNIT_EXPECT_GT(test, IOMemoryDescriptor_getPreparationID(md), first);
	KUNIT_ASSERT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_complete(md, 0));
}

static void iokit_hints_of_transfers_are_accepted(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = facts_buffer(test, kIOMemoryPageable | kIOMemoryUseReserve);

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_prepare(md, kIODirectionIn |
						   kIODirectionPrepareNoZeroFill |
						   kIODirectionPrepareAvoidThrottling));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_complete(md, kIODirectionIn |
						    kIODirectionCompleteWithDataValid));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_setVMTags(md, 1, 2));

	/* These are no hints: memory below 4 GiB, memory that is there already. */
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_prepare(md, kIODirectionPrepareToPhys32));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_prepare(md, kIODirectionPrepareNoFault));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady, IOMemoryDescriptor_complete(md, 0));
}

static IOReturn wire_all(IOMemoryMap *map)
{
	return IOMemoryMap_wireRange(map, kIODirectionInOut, 0, SZ_64K);
}

static void iokit_wired_range_is_one_that_never_faults(struct kunit *test)
{
	IOBufferMemoryDescriptor *wired, *pageable = facts_buffer(test, kIOMemoryPageable);
	IOMemoryMap *map, *user;

	wired = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithOptions(TASK_NULL, 0,
									   SZ_64K, 1));
	attach_address_space(test);
	map = keep_map(test, IOMemoryDescriptor_map(wired, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, wire_all(map));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryMap_wireRange(map, 0, 1, 2));
	user = keep_map(test, IOMemoryDescriptor_createMappingInTask(wired, current, 0,
						kIOMapAnywhere | kIOMapPrefault, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, wire_all(user));
	KUNIT_EXPECT_EQ(test, kIOReturnOverrun,
			IOMemoryMap_wireRange(user, kIODirectionIn, 1, SZ_64K));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IOMemoryMap_wireRange(user, kIODirectionIn, 1, SIZE_MAX));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported, IOMemoryMap_wireRange(user, 4, 0, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryMap_unmap(user));
	KUNIT_EXPECT_EQ(test, kIOReturnNotFound, wire_all(user));

	/* Entries of other maps come and go. */
	user = keep_map(test, IOMemoryDescriptor_createMappingInTask(wired, current, 0,
						kIOMapAnywhere | kIOMapUnique, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported, wire_all(user));
	user = keep_map(test, IOMemoryDescriptor_createMappingInTask(pageable, current, 0,
						kIOMapAnywhere, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported, wire_all(user));
}

static void iokit_device_memory_is_physical(struct kunit *test)
{
	IOPhysicalAddress address = RESERVED_START;
	IODeviceMemory *memory, *part;

	memory = IODeviceMemory_withRange(address, 2 * PAGE_SIZE);
	if (!memory)
		kunit_skip(test, "no memory is reserved");
	keep_desc(test, memory);
	part = keep_desc(test, IODeviceMemory_withSubRange(memory, PAGE_SIZE, 10));
	KUNIT_EXPECT_EQ(test, address + PAGE_SIZE, IOMemoryDescriptor_getPhysicalAddress(part));
	KUNIT_EXPECT_EQ(test, 10ULL, IOMemoryDescriptor_getLength(part));
	KUNIT_EXPECT_NULL(test, IODeviceMemory_withSubRange(memory, PAGE_SIZE, PAGE_SIZE + 1));
}

/* The latest event of the tracepoint. */
struct refusal {
	char function[64];
	int err;
};

static void note_refusal(void *data, const char *function, u64 id, int err)
{
	struct refusal *refusal = data;

	strscpy(refusal->function, function, sizeof(refusal->function));
	refusal->err = err;
}

static void iokit_null_has_a_reason(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = facts_buffer(test, 0);
	IODMACommand_SegmentOptions options = { .fStructSize = sizeof(options) };
	struct refusal refusal = {};

	KUNIT_ASSERT_EQ(test, 0, register_trace_iokmem_refuse(note_refusal, &refusal));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withSubRange(md, SZ_64K, 1, 0));
	KUNIT_EXPECT_STREQ(test, "IOMemoryDescriptor_withSubRange", refusal.function);
	KUNIT_EXPECT_EQ(test, -ERANGE, refusal.err);
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(kIOMemoryClearEncrypt, 1, 1));
	KUNIT_EXPECT_STREQ(test, "IOBufferMemoryDescriptor_inTaskWithOptions", refusal.function);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, refusal.err);
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_map(md, 0x10));
	KUNIT_EXPECT_STREQ(test, "IOMemoryDescriptor_createMappingInTask", refusal.function);
	KUNIT_EXPECT_EQ(test, -EINVAL, refusal.err);
	KUNIT_EXPECT_NULL(test, IODMACommand_withSpecification_options(
				kIODMACommandOutputHost64, &options, 0, kIOMapperSystem, NULL));
	KUNIT_EXPECT_STREQ(test, "IODMACommand_withSpecification_options", refusal.function);
	KUNIT_EXPECT_EQ(test, -EINVAL, refusal.err);
	unregister_trace_iokmem_refuse(note_refusal, &refusal);
	tracepoint_synchronize_unregister();
}

/* Neither a map of the kernel's nor a buffer has anything before it and behind it. */
static void iokit_guards_are_unmapped(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;
	unsigned long address;
	IOMemoryMap *m;

	if (!IOKMEM_GUARDS_IN_KERNEL) {
		KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_map(facts_buffer(test, 0),
							       kIOMapGuardedSmall));
		KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithGuardPages(kernel_task,
										      0, 1));
		return;
	}
	m = keep_map(test, IOMemoryDescriptor_map(facts_buffer(test, 0), kIOMapGuardedLarge));
	address = IOMemoryMap_getVirtualAddress(m);
	KUNIT_EXPECT_TRUE(test, kernel_entry_of(address).present);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address - SZ_64K).present);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address + 2 * SZ_64K - 1).present);

	md = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithGuardPages(kernel_task,
									   kIODirectionOut, 1));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, IOBufferMemoryDescriptor_getCapacity(md));
	address = (unsigned long)IOBufferMemoryDescriptor_getBytesNoCopy(md);
	KUNIT_EXPECT_TRUE(test, kernel_entry_of(address).present);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address - 1).present);
	KUNIT_EXPECT_FALSE(test, kernel_entry_of(address + PAGE_SIZE).present);
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithGuardPages(kernel_task,
							kIOMemoryPageable, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithGuardPages(TASK_NULL, 0, 1));
}

static void iokit_redirect_spares_the_safe_task(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;
	IOMemoryMap *m;

	attach_address_space(test);
	md = facts_buffer(test, 0);
	m = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0, kIOMapAnywhere,
								  0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_redirect(md, current, true));
	KUNIT_EXPECT_EQ(test, 0UL, touch(IOMemoryMap_getVirtualAddress(m)));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_redirect(md, kernel_task, true));
	KUNIT_EXPECT_NE(test, 0UL, touch(IOMemoryMap_getVirtualAddress(m)));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_redirect(md, TASK_NULL, false));
	KUNIT_EXPECT_EQ(test, 0UL, touch(IOMemoryMap_getVirtualAddress(m)));
}

static struct kunit_case iokit_facts_cases[] = {
	KUNIT_CASE(iokit_dma_map_length_is_in_whole_pages),
	KUNIT_CASE(iokit_cast_tells_the_class),
	KUNIT_CASE(iokit_release_forgets_the_object),
	KUNIT_CASE(iokit_pages_are_rounded_as_in_iokit),
	KUNIT_CASE(iokit_descriptor_has_a_number_and_a_context),
	KUNIT_CASE(iokit_preparation_has_a_number_of_its_own),
	KUNIT_CASE(iokit_hints_of_transfers_are_accepted),
	KUNIT_CASE(iokit_wired_range_is_one_that_never_faults),
	KUNIT_CASE(iokit_device_memory_is_physical),
	KUNIT_CASE(iokit_null_has_a_reason),
	KUNIT_CASE(iokit_guards_are_unmapped),
	KUNIT_CASE(iokit_redirect_spares_the_safe_task),
	{}
};

static struct kunit_suite iokit_facts_suite = {
	.name = "iokmem_iokit_facts",
	.test_cases = iokit_facts_cases,
};

kunit_test_suite(iokit_facts_suite);

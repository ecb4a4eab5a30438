// SPDX-License-Identifier: GPL-2.0
/*
 * IOKit's names: each function does what its counterpart in iokmem does, and returns NULL or
 * an IOReturn where IOKit's does.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <iokit/IOBufferMemoryDescriptor.h>
#include <iokit/IOGuardPageMemoryDescriptor.h>
#include <iokit/IOMultiMemoryDescriptor.h>
#include <iokit/IOSubMemoryDescriptor.h>

#include "kinds.h"

static IOBufferMemoryDescriptor *kernel_buffer(struct kunit *test, IOOptionBits options)
{
	return keep_desc(test, IOBufferMemoryDescriptor_withOptions(kIODirectionInOut |
				options, SZ_64K, 1));
}

/* Buffers */

static void iokit_buffer_has_the_task_and_the_size_asked_for(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;
	u8 byte = 1;
	void *bytes;

	attach_address_space(test);
	md = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithOptions(current,
			kIODirectionOut | kIOMemoryKernelUserShared, 12345, 1));
	KUNIT_EXPECT_EQ(test, 12345, IOBufferMemoryDescriptor_getCapacity(md));
	KUNIT_EXPECT_EQ(test, 12345, IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_EQ(test, kIODirectionOut, IOMemoryDescriptor_getDirection(md));
	bytes = IOBufferMemoryDescriptor_getBytesNoCopy(md);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)bytes + 12344));
	KUNIT_EXPECT_EQ(test, 0, byte);
	KUNIT_EXPECT_PTR_EQ(test, bytes + 100,
			    IOBufferMemoryDescriptor_getBytesNoCopy_range(md, 100, 12245));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy_range(md, 100, 12246));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy_range(md, 12345, 0));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy_range(md, SIZE_MAX, 2));

	/* A buffer in no task, with a mask, has no address. */
	md = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithPhysicalMask(TASK_NULL,
			kIODirectionInOut, SZ_64K, 0xffff0000));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy(md));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy_range(md, 0, 1));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_getPhysicalAddress(md) & ~0xffff0000ULL);
}

static void iokit_buffer_of_the_kernel_has_an_address(struct kunit *test)
{
	static const char bytes[] = "what it shall have";
	IOBufferMemoryDescriptor *md;
	IOByteCount n = 0;

	md = keep_desc(test, IOBufferMemoryDescriptor_withBytes(bytes, sizeof(bytes),
								kIODirectionOut, false));
	KUNIT_EXPECT_EQ(test, sizeof(bytes), IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_STREQ(test, bytes,
			   (char *)IOBufferMemoryDescriptor_getBytesNoCopy(md));

	md = keep_desc(test, IOBufferMemoryDescriptor_withCapacity(3 * PAGE_SIZE,
								   kIODirectionIn, true));
	KUNIT_EXPECT_NOT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy(md));
	KUNIT_EXPECT_NE(test, 0ULL, IOMemoryDescriptor_getPhysicalSegment(md, 0, &n, 0));
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, n);
}

/* As in IOKit, any alignment is allowed. */
static void iokit_buffer_alignment_is_rounded_up(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;

	md = keep_desc(test, IOBufferMemoryDescriptor_withOptions(kIODirectionIn, 1,
								  SZ_16K + 1));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_getPhysicalAddress(md) & (SZ_32K - 1));
	KUNIT_EXPECT_EQ(test, SZ_32K, iokit_alignment(SZ_16K + 1));
	KUNIT_EXPECT_EQ(test, 0, iokit_alignment(0));
	KUNIT_EXPECT_EQ(test, 1, iokit_alignment(1));
	KUNIT_EXPECT_EQ(test, 1UL << 63, iokit_alignment(SIZE_MAX / 2));
	KUNIT_EXPECT_EQ(test, SIZE_MAX, iokit_alignment(SIZE_MAX));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(0, 1, SIZE_MAX / 2));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(0, 1, SIZE_MAX));
}

static void iokit_buffer_is_null_where_it_cannot_be_had(struct kunit *test)
{
	attach_address_space(test);
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithOptions(kernel_task, 0, 0, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithOptions(kernel_task,
				kIOMemoryClearEncrypt, PAGE_SIZE, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithOptions(kernel_task,
				kIOMemoryPurgeable, PAGE_SIZE, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withOptions(0, SIZE_MAX, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCapacity(0, 0, true));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCapacity(1, 0x10, false));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withBytes("", 0, 0, false));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithPhysicalMask(TASK_NULL,
				kIOMemoryClearEncrypt, PAGE_SIZE, 0xffffffff));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithPhysicalMask(TASK_NULL,
				0, PAGE_SIZE, 5));
	KUNIT_EXPECT_FALSE(test, IOBufferMemoryDescriptor_initWithPhysicalMask(
				kernel_buffer(test, 0), kernel_task, 0, 1, 1, 0));

	/* Tags have no effect. */
	keep_desc(test, IOBufferMemoryDescriptor_inTaskWithOptions_tags(kernel_task, 0,
									1, 1, 8, 9));
}

/* The map has its entries from the start, in the task of the buffer. */
static void iokit_buffer_can_be_prefaulted(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;
	unsigned long at;

	attach_address_space(test);
	md = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithOptions(current,
			kIODirectionInOut | kIOMapPrefault, SZ_64K, 1));
	for (at = 0; at < SZ_64K; at += PAGE_SIZE)
		KUNIT_EXPECT_TRUE(test, entry_of(current->mm, at + (unsigned long)
				  IOBufferMemoryDescriptor_getBytesNoCopy(md)).present);
	KUNIT_EXPECT_EQ(test, 1, md->nr_maps);

	md = keep_desc(test, IOBufferMemoryDescriptor_inTaskWithPhysicalMask(current,
			kIODirectionInOut | kIOMapPrefault, SZ_64K, 0xffffffff));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, (unsigned long)
			  IOBufferMemoryDescriptor_getBytesNoCopy(md)).present);

	/* A buffer of the kernel needs none of this. Pageable memory is not prepared yet. */
	kernel_buffer(test, kIOMapPrefault);
	keep_desc(test, IOBufferMemoryDescriptor_inTaskWithOptions(TASK_NULL, kIOMapPrefault,
								   1, 1));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_inTaskWithOptions(current,
				kIOMemoryPageable | kIOMapPrefault, SZ_64K, 1));
}

static void iokit_buffer_changes_length_and_direction(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOBufferMemoryDescriptor_setLength(md, 0));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOBufferMemoryDescriptor_setLength(md, SZ_64K));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IOBufferMemoryDescriptor_setLength(md, SZ_64K + 1));
	KUNIT_EXPECT_EQ(test, SZ_64K, IOMemoryDescriptor_getLength(md));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOBufferMemoryDescriptor_setDirection(md, kIODirectionOut));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOBufferMemoryDescriptor_setDirection(md, kIOMemoryPageable));
	KUNIT_EXPECT_EQ(test, kIODirectionOut, IOMemoryDescriptor_getDirection(md));
	KUNIT_EXPECT_EQ(test, kIODirectionOut | kIOMemoryThreadSafe | kIOMemoryMapperNone,
			IOMemoryDescriptor_getFlags(md));
}

/* It cuts the data short where iokmem_buffer_append_bytes() refuses it. */
static void iokit_buffer_appends_what_there_is_room_for(struct kunit *test)
{
	IOBufferMemoryDescriptor *md;
	u8 bytes[100];

	fill_bytes(bytes, sizeof(bytes));
	md = keep_desc(test, IOBufferMemoryDescriptor_withCapacity(150, kIODirectionOut,
								   false));
	IOBufferMemoryDescriptor_setLength(md, 0);
	KUNIT_EXPECT_TRUE(test, IOBufferMemoryDescriptor_appendBytes(md, bytes, 100));
	KUNIT_EXPECT_EQ(test, 100, IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_TRUE(test, IOBufferMemoryDescriptor_appendBytes(md, bytes, 100));
	KUNIT_EXPECT_EQ(test, 150, IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_TRUE(test, IOBufferMemoryDescriptor_appendBytes(md, bytes, 100));
	KUNIT_EXPECT_EQ(test, 150, IOMemoryDescriptor_getLength(md));
	KUNIT_EXPECT_TRUE(test, has_pattern(IOBufferMemoryDescriptor_getBytesNoCopy(md),
					    100, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern(IOBufferMemoryDescriptor_getBytesNoCopy(md) + 100,
					    50, 0));
}

static void iokit_buffer_can_be_a_copy(struct kunit *test)
{
	size_t size = 2 * PAGE_SIZE + 77;
	unsigned long from;
	IOBufferMemoryDescriptor *md;
	u8 *bytes;

	attach_address_space(test);
	bytes = kunit_kmalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill_bytes(bytes, size);
	from = user_memory(test, PAGE_ALIGN(size + 33), false) + 33;
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((u8 __user *)from, bytes, size));

	md = keep_desc(test, IOBufferMemoryDescriptor_withCopy(current,
			kIODirectionInOut | kIOMemoryPageable, current, from, size));
	KUNIT_EXPECT_EQ(test, size, IOMemoryDescriptor_getLength(md));
	/* The copy does not depend on the source. */
	KUNIT_ASSERT_EQ(test, 0, clear_user((u8 __user *)from, size));
	KUNIT_EXPECT_TRUE(test, user_has_pattern((unsigned long)
			  IOBufferMemoryDescriptor_getBytesNoCopy(md), size, 0));

	md = keep_desc(test, IOBufferMemoryDescriptor_withCopy(kernel_task,
			kIODirectionInOut | kIOMemoryPageable, kernel_task,
			(unsigned long)bytes, size));
	memset(bytes, 0, size);
	KUNIT_EXPECT_EQ(test, size, IOMemoryDescriptor_readBytes(md, 0, bytes, size));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, size, 0));

	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCopy(current,
				kIODirectionInOut, current, from, size));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCopy(TASK_NULL,
				kIOMemoryPageable, current, from, size));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCopy(current,
				kIOMemoryPageable, current, 0, size));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCopy(current,
				kIOMemoryPageable, TASK_NULL, from, size));
	/* A hole. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(from & PAGE_MASK, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_withCopy(current,
				kIOMemoryPageable, current, from, size));
}

/* Other descriptors */

static void iokit_range_is_the_memory_that_is_there(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, SZ_16K, GFP_KERNEL), out[4] = {};
	IOAddressRange ranges[] = {
		{ (unsigned long)bytes + 2, 2 }, { (unsigned long)bytes, 2 },
	};
	IOMemoryDescriptor *md;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill_bytes(bytes, SZ_16K);

	/* The descriptor is prepared from the start, or not. */
	md = keep_desc(test, IOMemoryDescriptor_withAddress(bytes + 1, 4, kIODirectionOut));
	KUNIT_EXPECT_EQ(test, 4, IOMemoryDescriptor_readBytes(md, 0, out, 4));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 4, 1));
	md = keep_desc(test, IOMemoryDescriptor_withAddressRange((unsigned long)bytes, 4,
			kIODirectionOut | kIOMemoryThreadSafe, kernel_task));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_readBytes(md, 0, out, 4));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(md, 0));
	KUNIT_EXPECT_EQ(test, 4, IOMemoryDescriptor_readBytes(md, 0, out, 4));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 4, 0));

	/* Factories that take several ranges. */
	md = keep_desc(test, IOMemoryDescriptor_withAddressRanges(ranges, 2,
			kIODirectionOut | kIOMemoryAsReference, kernel_task));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_prepare(md, 0));
	KUNIT_EXPECT_EQ(test, 4, IOMemoryDescriptor_readBytes(md, 0, out, 4));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 2, 2));
	KUNIT_EXPECT_TRUE(test, has_pattern(out + 2, 2, 0));
	md = keep_desc(test, IOMemoryDescriptor_withOptions(ranges, 2, 0, kernel_task,
			kIODirectionOut | kIOMemoryTypeVirtual64, kIOMapperSystem));
	KUNIT_EXPECT_EQ(test, 4, IOMemoryDescriptor_getLength(md));
	md = keep_desc(test, IOMemoryDescriptor_withRanges(ranges, 2, kIODirectionOut,
							   kernel_task, true));
	KUNIT_EXPECT_EQ(test, 4, IOMemoryDescriptor_getLength(md));
	md = keep_desc(test, IOMemoryDescriptor_withAddress_task((unsigned long)bytes, 4,
							kIODirectionOut, kernel_task));
	KUNIT_EXPECT_EQ(test, 4, IOMemoryDescriptor_getLength(md));
}

static void iokit_range_is_null_where_it_cannot_be_had(struct kunit *test)
{
	IOBufferMemoryDescriptor *used = kernel_buffer(test, 0);
	struct device *dev = device(test);
	u8 bytes[16];
	IOAddressRange range = { (unsigned long)bytes, 16 };

	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddress(bytes, 16, 4));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddressRange(range.address, SIZE_MAX,
				kIODirectionOut, kernel_task));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddressRange(range.address, 16,
				kIODirectionOut | kIOMemoryMapCopyOnWrite, kernel_task));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddressRanges(NULL, 1,
				kIODirectionOut, kernel_task));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddressRanges(&range, 0,
				kIODirectionOut, kernel_task));
	/* A type is required, and options of other types are refused. */
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withOptions(&range, 1, 0, kernel_task,
				kIODirectionOut, kIOMapperSystem));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withOptions(&range, 1, 0, kernel_task,
				kIODirectionOut | kIOMemoryTypeUPL, kIOMapperSystem));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withOptions(&range, 1, 0, kernel_task,
				kIODirectionOut | kIOMemoryTypePhysical, kIOMapperSystem));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withOptions(&range, 1, 1, kernel_task,
				kIODirectionOut | kIOMemoryTypeVirtual, kIOMapperSystem));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withOptions(&range, 1, 0, kernel_task,
				kIODirectionOut | kIOMemoryTypeVirtual, dev));
	/* The direction argument accepts no options. */
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withRanges(&range, 1,
				kIOMemoryAsReference, kernel_task, false));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withRanges(&range, 1, kIODirectionOut,
							      TASK_NULL, false));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withPhysicalRanges(&range, 1,
				kIOMemoryAsReference, false));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withAddress_task(range.address, 16,
				kIOMemoryAsReference, kernel_task));
	/* Memory in use by the kernel. */
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withPhysicalAddress(
				IOMemoryDescriptor_getPhysicalAddress(used), 16, 0));
	KUNIT_EXPECT_FALSE(test, IOMemoryDescriptor_initWithOptions(used, &range, 1, 0,
				kernel_task, kIOMemoryTypeVirtual, kIOMapperSystem));
}

static void iokit_physical_memory_has_its_addresses(struct kunit *test)
{
	IOPhysicalRange ranges[] = {
		{ RESERVED_START + PAGE_SIZE, PAGE_SIZE }, { RESERVED_START, PAGE_SIZE },
	};
	IOMemoryDescriptor *md;

	need_reserved(test);
	md = keep_desc(test, IOMemoryDescriptor_withPhysicalAddress(RESERVED_START + 5, 100,
								    kIODirectionInOut));
	KUNIT_EXPECT_EQ(test, RESERVED_START + 5, IOMemoryDescriptor_getPhysicalAddress(md));
	md = keep_desc(test, IOMemoryDescriptor_withAddressRange(RESERVED_START, PAGE_SIZE,
			kIODirectionInOut | kIOMemoryTypePhysical, TASK_NULL));
	KUNIT_EXPECT_EQ(test, RESERVED_START, IOMemoryDescriptor_getPhysicalAddress(md));
	md = keep_desc(test, IOMemoryDescriptor_withPhysicalRanges(ranges, 2,
								   kIODirectionInOut, true));
	KUNIT_EXPECT_EQ(test, RESERVED_START + PAGE_SIZE,
			IOMemoryDescriptor_getPhysicalAddress(md));
	KUNIT_EXPECT_EQ(test, RESERVED_START + 7,
			IOMemoryDescriptor_getPhysicalSegment(md, PAGE_SIZE + 7, NULL,
							      kIOMemoryMapperNone));
}

static void iokit_persistent_memory_is_found_again(struct kunit *test)
{
	IOMemoryDescriptor *md, *again;
	unsigned long at;

	attach_address_space(test);
	at = user_memory(test, PAGE_SIZE, false);
	md = keep_desc(test, IOMemoryDescriptor_withAddressRange(at, PAGE_SIZE,
			kIODirectionInOut | kIOMemoryPersistent, current));
	again = keep_desc(test, IOMemoryDescriptor_withPersistentMemoryDescriptor(md));
	KUNIT_EXPECT_PTR_EQ(test, md, again);
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_withPersistentMemoryDescriptor(
				kernel_buffer(test, 0)));
}

static void iokit_sub_and_multi_are_made_of_others(struct kunit *test)
{
	IOBufferMemoryDescriptor *whole = kernel_buffer(test, 0);
	IOMemoryDescriptor *members[3], *sub, *multi;
	IOMemoryMap *map;
	u8 byte = 77;

	IOMemoryDescriptor_setTag(whole, 5);
	sub = keep_desc(test, IOSubMemoryDescriptor_withSubRange(whole, PAGE_SIZE, PAGE_SIZE,
			kIODirectionInOut | kIOMemoryThreadSafe));
	KUNIT_EXPECT_EQ(test, 5, IOMemoryDescriptor_getTag(sub));
	KUNIT_EXPECT_EQ(test, 1, IOMemoryDescriptor_writeBytes(sub, 3, &byte, 1));
	KUNIT_EXPECT_EQ(test, 77, *(u8 *)IOBufferMemoryDescriptor_getBytesNoCopy_range(whole,
							PAGE_SIZE + 3, 1));
	KUNIT_EXPECT_NULL(test, IOSubMemoryDescriptor_withSubRange(whole, SZ_64K, 1, 0));
	KUNIT_EXPECT_NULL(test, IOSubMemoryDescriptor_withSubRange(whole, SIZE_MAX, 2, 0));
	KUNIT_EXPECT_NULL(test, IOSubMemoryDescriptor_withSubRange(whole, 0, 1,
								   kIOMemoryPersistent));
	KUNIT_EXPECT_NULL(test, IOSubMemoryDescriptor_withSubRange(NULL, 0, 1, 0));
	KUNIT_EXPECT_FALSE(test, IOSubMemoryDescriptor_initSubRange(sub, whole, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, IOMemoryDescriptor_getLength(sub));

	members[0] = sub;
	members[1] = keep_desc(test, IOGuardPageMemoryDescriptor_withSize(1));
	members[2] = keep_desc(test, IOMemoryDescriptor_withSubRange(whole, 0, PAGE_SIZE,
								     kIODirectionInOut));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, IOMemoryDescriptor_getLength(members[1]));
	KUNIT_EXPECT_NULL(test, IOGuardPageMemoryDescriptor_withSize(0));
	multi = keep_desc(test, IOMultiMemoryDescriptor_withDescriptors(members, 3,
							kIODirectionInOut, true));
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, IOMemoryDescriptor_getLength(multi));
	KUNIT_EXPECT_NULL(test, IOMultiMemoryDescriptor_withDescriptors(NULL, 1, 0, false));
	KUNIT_EXPECT_NULL(test, IOMultiMemoryDescriptor_withDescriptors(members, 0, 0, false));
	KUNIT_EXPECT_FALSE(test, IOMultiMemoryDescriptor_initWithDescriptors(multi, members,
									     1, 0, false));

	attach_address_space(test);
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(multi, current, 0,
								    kIOMapAnywhere, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, touch(IOMemoryMap_getAddress(map)));
	KUNIT_EXPECT_NE(test, 0, touch(IOMemoryMap_getAddress(map) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, touch(IOMemoryMap_getAddress(map) + 2 * PAGE_SIZE));
}

/* Functions of descriptors */

static void iokit_descriptor_lives_as_long_as_its_references(struct kunit *test)
{
	IOMemoryDescriptor *md = IOBufferMemoryDescriptor_withCapacity(1, 0, false);
	u64 id;

	KUNIT_ASSERT_NOT_NULL(test, md);
	id = md->id;
	IOMemoryDescriptor_retain(md);
	IOMemoryDescriptor_release(md);
	IOMemoryDescriptor_setTag(md, 0xffffffff);
	KUNIT_EXPECT_EQ(test, 0xffffffff, IOMemoryDescriptor_getTag(md));
	IOMemoryDescriptor_release(md);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void iokit_descriptor_is_prepared_and_completed(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, kIOMemoryPageable);
	int i;

	KUNIT_EXPECT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy(md));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_prepare(md, kIODirectionNone));
	KUNIT_EXPECT_NOT_NULL(test, IOBufferMemoryDescriptor_getBytesNoCopy(md));
	/* Bits that IOKit has and Linux has not, other than hints, and bits that neither has. */
	for (i = 2; i < 32; i++) {
		IOReturn ret = i < 9 ? kIOReturnUnsupported : kIOReturnBadArgument;

		if (!(1u << i & IOKIT_PREPARE_HINTS))
			KUNIT_EXPECT_EQ(test, ret, IOMemoryDescriptor_prepare(md, 1u << i));
		if (!(1u << i & IOKIT_COMPLETE_HINTS))
			KUNIT_EXPECT_EQ(test, ret, IOMemoryDescriptor_complete(md, 1u << i));
	}
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_complete(md, kIODirectionInOut));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IOMemoryDescriptor_complete(md, kIODirectionNone));
}

static void iokit_user_range_that_cannot_be_prepared_says_why(struct kunit *test)
{
	IOMemoryDescriptor *md;
	unsigned long at;
	u8 byte = 0;

	attach_address_space(test);
	at = user_memory(test, 2 * PAGE_SIZE, false);
	md = keep_desc(test, IOMemoryDescriptor_withAddressRange(at, 2 * PAGE_SIZE,
							kIODirectionInOut, current));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_prepare(md, kIODirectionOut));
	KUNIT_EXPECT_EQ(test, kIOReturnNotWritable,
			IOMemoryDescriptor_prepare(md, kIODirectionIn));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_writeBytes(md, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryDescriptor_complete(md, 0));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(at + PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, kIOReturnCannotWire,
			IOMemoryDescriptor_prepare(md, kIODirectionOut));
}

static void iokit_bytes_are_copied_all_or_none(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	u8 in[200], out[200] = {};

	fill_bytes(in, sizeof(in));
	KUNIT_EXPECT_EQ(test, 200, IOMemoryDescriptor_writeBytes(md, SZ_64K - 200, in, 200));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_writeBytes(md, SZ_64K - 199, in, 200));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_writeBytes(md, SZ_64K, in, 1));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_readBytes(md, SIZE_MAX, out, 2));
	KUNIT_EXPECT_EQ(test, 200, IOMemoryDescriptor_readBytes(md, SZ_64K - 200, out, 200));
	KUNIT_EXPECT_TRUE(test, has_pattern(out, 200, 0));
	/* A NULL pointer stands for zeroes. */
	KUNIT_EXPECT_EQ(test, 200, IOMemoryDescriptor_writeBytes(md, SZ_64K - 200, NULL, 200));
	KUNIT_EXPECT_EQ(test, 200, IOMemoryDescriptor_readBytes(md, SZ_64K - 200, out, 200));
	KUNIT_EXPECT_NULL(test, memchr_inv(out, 0, 200));
}

static void iokit_physical_segments_are_0_without_memory(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, kIOMemoryPhysicallyContiguous);
	phys_addr_t at = virt_to_phys(IOBufferMemoryDescriptor_getBytesNoCopy(md));
	IOMemoryDescriptor *pageable;
	IOByteCount n = 0;

	KUNIT_EXPECT_EQ(test, at + 10, IOMemoryDescriptor_getPhysicalSegment(md, 10, &n, 0));
	KUNIT_EXPECT_EQ(test, SZ_64K - 10, n);
	KUNIT_EXPECT_EQ(test, at, IOMemoryDescriptor_getPhysicalAddress(md));
	KUNIT_EXPECT_EQ(test, 0ULL, IOMemoryDescriptor_getPhysicalSegment(md, SZ_64K, &n, 0));
	KUNIT_EXPECT_EQ(test, 0ULL, n);
	/* The source's address is not available. */
	n = 5;
	KUNIT_EXPECT_EQ(test, 0ULL, IOMemoryDescriptor_getPhysicalSegment(md, 0, &n, 0x2000));
	KUNIT_EXPECT_EQ(test, 0ULL, n);

	pageable = kernel_buffer(test, kIOMemoryPageable);
	KUNIT_EXPECT_EQ(test, 0ULL, IOMemoryDescriptor_getPhysicalAddress(pageable));
}

static void iokit_pages_are_counted_and_given_up(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, kIOMemoryPageable |
							   kIOMemoryPurgeable);
	IOByteCount resident = 9, dirty = 9;
	IOOptionBits old = 0;
	u8 byte = 1;

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_getPageCounts(md, &resident, &dirty));
	KUNIT_EXPECT_EQ(test, 0ULL, resident);
	KUNIT_EXPECT_EQ(test, 1, IOMemoryDescriptor_writeBytes(md, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_getPageCounts(md, &resident, &dirty));
	KUNIT_EXPECT_EQ(test, 1ULL, resident);
	KUNIT_EXPECT_EQ(test, 1ULL, dirty);

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_setPurgeable(md, kIOMemoryPurgeableEmpty, &old));
	KUNIT_EXPECT_EQ(test, kIOMemoryPurgeableNonVolatile, old);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_setPurgeable(md, kIOMemoryPurgeableNonVolatile,
							&old));
	KUNIT_EXPECT_EQ(test, kIOMemoryPurgeableEmpty, old);
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IOMemoryDescriptor_setPurgeable(md, 5, &old));
	/* An order among purged memory is accepted, other modifiers are not. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_setPurgeable(md, kIOMemoryPurgeableVolatile |
					kIOMemoryPurgeableVolatileGroup7 |
					kIOMemoryPurgeableVolatileBehaviorLifo |
					kIOMemoryPurgeableVolatileOrderingObsolete, &old));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_setPurgeable(md, kIOMemoryPurgeableVolatile |
					kIOMemoryPurgeableFaultOnAccess, &old));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_setPurgeable(md, kIOMemoryPurgeableKeepCurrent, &old));
	KUNIT_EXPECT_EQ(test, kIOMemoryPurgeableVolatile, old);
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_setPurgeable(kernel_buffer(test, 0),
					kIOMemoryPurgeableKeepCurrent, &old));
}

/* As in IOKit, the range is cut at the end of the memory. */
static void iokit_caches_are_flushed_to_the_end_of_the_memory(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	IOOptionBits op = kIOMemoryIncoherentIOFlush;

	if (!IS_ENABLED(CONFIG_ARCH_HAS_PMEM_API))
		kunit_skip(test, "caches are not for drivers on this architecture");
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_performOperation(md, op, 0, SZ_64K));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_performOperation(md, kIOMemoryIncoherentIOStore,
							    SZ_64K - 1, SZ_64K));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			IOMemoryDescriptor_performOperation(md, op, SZ_64K, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnUnderrun,
			IOMemoryDescriptor_performOperation(md, op, SZ_64K + 1, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_performOperation(md, kIOMemorySetEncrypted, 0, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_performOperation(md, kIOMemoryClearEncrypted,
							    SZ_64K + 1, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_performOperation(md, 0, 0, 1));
	KUNIT_EXPECT_EQ(test, kIOReturnNotReady,
			IOMemoryDescriptor_performOperation(kernel_buffer(test, kIOMemoryPageable),
							    op, 0, 1));
}

/* Functions without a counterpart in Linux fail. */
static void iokit_unsupported_functions_fail(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);

	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_setOwnership(md, kernel_task,
							kIOMemoryLedgerTagDefault, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_setPreparationID(md));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_getVMTag(md, kernel_task));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryDescriptor_setMapperOptions(md, kIOMapperUncached));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryDescriptor_getMapperOptions(md));
}

/* Maps */

static void iokit_map_is_shared_and_tells_about_itself(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	IOMemoryMap *map, *same, *part;

	attach_address_space(test);
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0x1000,
							kIOMapAnywhere | kIOMapReadOnly,
							0, 0));
	same = keep_map(test, IOMemoryDescriptor_map_task(md, current, 0,
							  kIOMapAnywhere | kIOMapReadOnly,
							  0, SZ_64K));
	KUNIT_EXPECT_PTR_EQ(test, map, same);
	KUNIT_EXPECT_EQ(test, 2, IOMemoryMap_getRetainCount(map));
	IOMemoryMap_retain(map);
	KUNIT_EXPECT_EQ(test, 3, IOMemoryMap_getRetainCount(map));
	IOMemoryMap_release(map);

	KUNIT_EXPECT_EQ(test, IOMemoryMap_getVirtualAddress(map), IOMemoryMap_getAddress(map));
	KUNIT_EXPECT_EQ(test, SZ_64K, IOMemoryMap_getLength(map));
	KUNIT_EXPECT_EQ(test, SZ_64K, IOMemoryMap_getSize(map));
	KUNIT_EXPECT_EQ(test, kIOMapAnywhere | kIOMapReadOnly, IOMemoryMap_getMapOptions(map));
	KUNIT_EXPECT_PTR_EQ(test, md, IOMemoryMap_getMemoryDescriptor(map));

	part = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
							kIOMapAnywhere | kIOMapReadOnly |
							kIOMapReference, 100, 200));
	KUNIT_EXPECT_EQ(test, IOMemoryMap_getAddress(map) + 100, IOMemoryMap_getAddress(part));
	KUNIT_EXPECT_EQ(test, 200, IOMemoryMap_getLength(part));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
							kIOMapAnywhere | kIOMapReference,
							0, 0));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_createMappingInTask(md, TASK_NULL, 0,
							kIOMapAnywhere, 0, 0));
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
							kIOMapAnywhere | kIOMap64Bit,
							0, 0));
}

/* Return true if the process has @refs references. The kernel itself takes some for a moment. */
static bool has_refs(struct task_struct *process, unsigned int refs)
{
	int i;

	for (i = 0; i < 250 && refcount_read(&process->usage) != refs; i++)
		msleep(20);
	return refcount_read(&process->usage) == refs;
}

/*
 * In IOKit the map does not keep its task. Here a caller that needs the task takes a
 * reference.
 */
static void iokit_map_has_a_task(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	struct task_struct *process = start_process(test);
	unsigned int refs;
	IOMemoryMap *map;
	task_t task;

	/* The code that has started the process drops its references. */
	msleep(100);
	refs = refcount_read(&process->usage);
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, process, 0,
							kIOMapAnywhere, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, process, IOMemoryMap_getAddressTask(map));
	KUNIT_EXPECT_TRUE(test, has_refs(process, refs));
	task = IOMemoryMap_copyAddressTask(map);
	KUNIT_EXPECT_PTR_EQ(test, process, task);
	KUNIT_EXPECT_TRUE(test, has_refs(process, refs + 1));
	task_deallocate(task);
	KUNIT_EXPECT_TRUE(test, has_refs(process, refs));
	task_deallocate(TASK_NULL);

	map = keep_map(test, IOMemoryDescriptor_map(md, 0));
	KUNIT_EXPECT_PTR_EQ(test, kernel_task, IOMemoryMap_getAddressTask(map));
}

static void iokit_map_has_physical_segments_to_its_end(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, kIOMemoryPhysicallyContiguous);
	addr64_t at = IOMemoryDescriptor_getPhysicalAddress(md);
	IOByteCount n = 0;
	IOMemoryMap *map;

	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, kernel_task, 0,
							kIOMapAnywhere, 1000, 2000));
	KUNIT_EXPECT_EQ(test, at + 1000, IOMemoryMap_getPhysicalAddress(map));
	KUNIT_EXPECT_EQ(test, at + 1500, IOMemoryMap_getPhysicalSegment(map, 500, &n, 0));
	KUNIT_EXPECT_EQ(test, 1500ULL, n);
	KUNIT_EXPECT_EQ(test, 0ULL, IOMemoryMap_getPhysicalSegment(map, 2000, &n, 0));
	KUNIT_EXPECT_EQ(test, 0ULL, n);
	KUNIT_EXPECT_EQ(test, 0ULL, IOMemoryMap_getPhysicalSegment(map, 0, &n, 0x2000));
}

static void iokit_map_ends_for_all(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	IOMemoryMap *map;

	attach_address_space(test);
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
							kIOMapAnywhere, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryMap_unmap(map));
	KUNIT_EXPECT_EQ(test, 0, IOMemoryMap_getAddress(map));
	KUNIT_EXPECT_EQ(test, SZ_64K, IOMemoryMap_getLength(map));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryMap_unmap(map));
	/* The buffer's own map ends with the buffer. */
	map = keep_map(test, IOMemoryDescriptor_map(md, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnBusy, IOMemoryMap_unmap(map));
}

static void iokit_map_is_redirected(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	IOBufferMemoryDescriptor *other = kernel_buffer(test, 0);
	IOMemoryMap *map, *shared;

	attach_address_space(test);
	fill_pattern(other);
	map = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
							kIOMapAnywhere | kIOMapUnique, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryMap_redirect(map, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOMemoryMap_redirect(map, other, 0, 0));
	KUNIT_EXPECT_PTR_EQ(test, other, IOMemoryMap_getMemoryDescriptor(map));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(IOMemoryMap_getAddress(map), SZ_64K, 0));

	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IOMemoryMap_redirect(map, md, IOKMEM_MAP_PINNABLE, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			IOMemoryMap_redirect(map, md, kIOMapReadOnly, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnOverrun, IOMemoryMap_redirect(map, md, 0, PAGE_SIZE));
	shared = keep_map(test, IOMemoryDescriptor_createMappingInTask(md, current, 0,
							kIOMapAnywhere, 0, 0));
	KUNIT_EXPECT_EQ(test, kIOReturnNotPermitted,
			IOMemoryMap_redirect(shared, other, 0, 0));
}

static void free_kernel_mapping(void *address)
{
	vunmap(address);
}

static void iokit_mapping_that_exists_is_recorded(struct kunit *test)
{
	IOBufferMemoryDescriptor *md = kernel_buffer(test, 0);
	struct page *pages[SZ_64K / PAGE_SIZE];
	IOMemoryMap *map;
	void *address;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = pfn_to_page(pfn_of(md, i << PAGE_SHIFT));
	address = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, address);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_kernel_mapping, address));
	map = keep_map(test, IOMemoryDescriptor_setMapping(md, kernel_task,
							   (unsigned long)address, 0));
	KUNIT_EXPECT_EQ(test, (unsigned long)address, IOMemoryMap_getVirtualAddress(map));
	KUNIT_EXPECT_TRUE(test, IOMemoryMap_getMapOptions(map) & kIOMapStatic);
	KUNIT_EXPECT_NULL(test, IOMemoryDescriptor_setMapping(md, kernel_task,
							      (unsigned long)address,
							      kIOMapUnique));
}

static struct kunit_case iokit_memory_cases[] = {
	KUNIT_CASE(iokit_buffer_has_the_task_and_the_size_asked_for),
	KUNIT_CASE(iokit_buffer_of_the_kernel_has_an_address),
	KUNIT_CASE(iokit_buffer_alignment_is_rounded_up),
	KUNIT_CASE(iokit_buffer_is_null_where_it_cannot_be_had),
	KUNIT_CASE(iokit_buffer_can_be_prefaulted),
	KUNIT_CASE(iokit_buffer_changes_length_and_direction),
	KUNIT_CASE(iokit_buffer_appends_what_there_is_room_for),
	KUNIT_CASE(iokit_buffer_can_be_a_copy),
	KUNIT_CASE(iokit_range_is_the_memory_that_is_there),
	KUNIT_CASE(iokit_range_is_null_where_it_cannot_be_had),
	KUNIT_CASE(iokit_physical_memory_has_its_addresses),
	KUNIT_CASE(iokit_persistent_memory_is_found_again),
	KUNIT_CASE(iokit_sub_and_multi_are_made_of_others),
	KUNIT_CASE(iokit_descriptor_lives_as_long_as_its_references),
	KUNIT_CASE(iokit_descriptor_is_prepared_and_completed),
	KUNIT_CASE(iokit_user_range_that_cannot_be_prepared_says_why),
	KUNIT_CASE(iokit_bytes_are_copied_all_or_none),
	KUNIT_CASE(iokit_physical_segments_are_0_without_memory),
	KUNIT_CASE(iokit_pages_are_counted_and_given_up),
	KUNIT_CASE(iokit_caches_are_flushed_to_the_end_of_the_memory),
	KUNIT_CASE(iokit_unsupported_functions_fail),
	KUNIT_CASE(iokit_map_is_shared_and_tells_about_itself),
	KUNIT_CASE(iokit_map_has_a_task),
	KUNIT_CASE(iokit_map_has_physical_segments_to_its_end),
	KUNIT_CASE(iokit_map_ends_for_all),
	KUNIT_CASE(iokit_map_is_redirected),
	KUNIT_CASE(iokit_mapping_that_exists_is_recorded),
	{}
};

static struct kunit_suite iokit_memory_suite = {
	.name = "iokmem_iokit_memory",
	.test_cases = iokit_memory_cases,
};

kunit_test_suite(iokit_memory_suite);

// SPDX-License-Identifier: GPL-2.0-only
/* IOKit's names for programs: DriverKit's calls, and all errors in both numberings. */
#include "library_utils.h"

#include <limits.h>

#include <iokit/DriverKit.h>

#include "../../kunit/iokit_errors.h"

/**
 * struct number - a constant
 * @name: its name
 * @value: as the header has it
 * @number: as DriverKit has it
 */
struct number {
	const char *name;
	unsigned long value;
	unsigned long number;
};

#define NUMBER(name, number)	{ #name, name, number }

static const struct number numbers[] = {
	NUMBER(kIOMemoryDirectionNone,			0x0),
	NUMBER(kIOMemoryDirectionIn,			0x1),
	NUMBER(kIOMemoryDirectionOut,			0x2),
	NUMBER(kIOMemoryDirectionOutIn,			0x3),
	NUMBER(kIOMemoryDirectionInOut,			0x3),
	NUMBER(kIOMemoryDisableCopyOnWrite,		0x10),
	NUMBER(kIOMemoryMapFixedAddress,		0x001),
	NUMBER(kIOMemoryMapReadOnly,			0x002),
	NUMBER(kIOMemoryMapGuardedMask,			0x01c),
	NUMBER(kIOMemoryMapGuardedDefault,		0x000),
	NUMBER(kIOMemoryMapGuardedNone,			0x004),
	NUMBER(kIOMemoryMapGuardedSmall,		0x008),
	NUMBER(kIOMemoryMapGuardedLarge,		0x00c),
	NUMBER(kIOMemoryMapCacheModeDefault,		0x000),
	NUMBER(kIOMemoryMapCacheModeInhibit,		0x100),
	NUMBER(kIOMemoryMapCacheModeCopyback,		0x200),
	NUMBER(kIOMemoryMapCacheModeWriteThrough,	0x400),
	NUMBER(kIOMemoryMapCacheModeRealTime,		0x800),
	NUMBER(kIOUserClientMemoryReadOnly,		1),
	NUMBER(kIODMACommandCreateNoOptions,		0),
	NUMBER(kIODMACommandSpecificationNoOptions,	0),
	NUMBER(kIODMACommandPrepareForDMANoOptions,	0),
	NUMBER(kIODMACommandCompleteDMANoOptions,	0),
	NUMBER(kIODMACommandPerformOperationOptionRead,	1),
	NUMBER(kIODMACommandPerformOperationOptionWrite, 2),
	NUMBER(kIODMACommandPerformOperationOptionZero,	4),
	/* libiokmem has these constants under other names. */
	NUMBER(IOKMEM_SEND_READ_ONLY,			kIOUserClientMemoryReadOnly),
	NUMBER(IOKMEM_RETURN_SUCCESS,			kIOReturnSuccess),
	NUMBER(IOKMEM_RETURN_ERROR,			kIOReturnError),
	NUMBER(IOKMEM_RETURN_NO_MEMORY,			kIOReturnNoMemory),
	NUMBER(IOKMEM_RETURN_NO_RESOURCES,		kIOReturnNoResources),
	NUMBER(IOKMEM_RETURN_IPC_ERROR,			kIOReturnIPCError),
	NUMBER(IOKMEM_RETURN_NO_DEVICE,			kIOReturnNoDevice),
	NUMBER(IOKMEM_RETURN_BAD_ARGUMENT,		kIOReturnBadArgument),
	NUMBER(IOKMEM_RETURN_BAD_MESSAGE_ID,		kIOReturnBadMessageID),
	NUMBER(IOKMEM_RETURN_UNSUPPORTED,		kIOReturnUnsupported),
	NUMBER(IOKMEM_RETURN_BUSY,			kIOReturnBusy),
	NUMBER(IOKMEM_RETURN_NOT_READY,			kIOReturnNotReady),
	NUMBER(IOKMEM_DMA_OPERATION_READ, kIODMACommandPerformOperationOptionRead),
	NUMBER(IOKMEM_DMA_OPERATION_WRITE, kIODMACommandPerformOperationOptionWrite),
	NUMBER(IOKMEM_DMA_OPERATION_ZERO, kIODMACommandPerformOperationOptionZero),
	NUMBER(IOKMEM_RETURN_NO_SPACE,			kIOReturnNoSpace),
	NUMBER(IOKMEM_RETURN_MESSAGE_TOO_LARGE,		kIOReturnMessageTooLarge),
	NUMBER(IOKMEM_RETURN_NOT_PERMITTED,		kIOReturnNotPermitted),
	NUMBER(IOKMEM_RETURN_UNDERRUN,			kIOReturnUnderrun),
	NUMBER(IOKMEM_RETURN_OVERRUN,			kIOReturnOverrun),
};

TEST(constants_are_driverkits)
{
	size_t i;

	for (i = 0; i < NR_OF(numbers); i++) {
		const struct number *n = &numbers[i];

		EXPECT_EQ(n->number, n->value)
			TH_LOG("%s", n->name);
	}
}

TEST(return_is_apples_and_has_an_errno)
{
	size_t i;

	for (i = 0; i < NR_OF(expected_returns); i++) {
		const struct expected_return *e = &expected_returns[i];

		EXPECT_EQ(e->number, (unsigned int)e->ret)
			TH_LOG("%s", e->name);
		EXPECT_EQ(e->err, iokit_to_errno(e->ret))
			TH_LOG("%s", e->name);
		EXPECT_EQ(e->back, iokit_from_errno(e->err))
			TH_LOG("%s", e->name);
	}
	EXPECT_EQ(EIO, iokit_to_errno(0x7fffffff));
}

TEST(errno_has_a_return)
{
	int err;

	for (err = 1; err <= LAST_ERRNO; err++) {
		IOReturn ret = iokit_from_errno(err);

		EXPECT_EQ(expected_of_errno(err), ret)
			TH_LOG("%s", strerror(err));
		EXPECT_EQ(ret, iokit_from_errno(-err))
			TH_LOG("%s", strerror(err));
		/* The number stays the same. */
		EXPECT_EQ(ret, iokit_from_errno(iokit_to_errno(ret)))
			TH_LOG("%s", strerror(err));
	}
	EXPECT_EQ(kIOReturnError, iokit_from_errno(INT_MIN));
	EXPECT_EQ(kIOReturnError, iokit_from_errno(INT_MAX));
}

/* A buffer that this process can use, at once. */
static kern_return_t create_and_map(uint64_t length, IOBufferMemoryDescriptor **buffer,
				    IOMemoryMap **map)
{
	kern_return_t ret;

	ret = IOBufferMemoryDescriptor_Create(kIOMemoryDirectionInOut, length, 0, buffer);
	if (ret != kIOReturnSuccess)
		return ret;
	ret = IOMemoryDescriptor_CreateMapping(*buffer, kIOMemoryMapCacheModeDefault, 0, 0,
					       0, 0, map);
	if (ret != kIOReturnSuccess) {
		IOMemoryDescriptor_release(*buffer);
		return ret;
	}
	memset((void *)(uintptr_t)IOMemoryMap_GetAddress(*map), 0x55,
	       IOMemoryMap_GetLength(*map));
	return kIOReturnSuccess;
}

TEST(buffer_is_created_and_mapped)
{
	IOBufferMemoryDescriptor *buffer;
	IOMemoryMap *map;
	uint64_t length;
	char *bytes;

	ASSERT_EQ(kIOReturnSuccess, create_and_map(BUFFER_SIZE, &buffer, &map));
	EXPECT_EQ(kIOReturnSuccess, IOMemoryDescriptor_GetLength(buffer, &length));
	EXPECT_EQ(BUFFER_SIZE, length);
	EXPECT_EQ(BUFFER_SIZE, IOMemoryMap_GetLength(map));
	EXPECT_EQ(0, IOMemoryMap_GetOffset(map));
	bytes = (char *)(uintptr_t)IOMemoryMap_GetAddress(map);
	EXPECT_EQ(0x55, bytes[BUFFER_SIZE - 1]);

	IOMemoryMap_retain(map);
	IOMemoryMap_release(map);
	EXPECT_EQ(0, probe(bytes, true));
	IOMemoryMap_release(map);
	EXPECT_EQ(SIGSEGV, probe(bytes, true));
	IOMemoryDescriptor_retain(buffer);
	IOMemoryDescriptor_release(buffer);
	IOMemoryDescriptor_release(buffer);
	IOMemoryDescriptor_release(NULL);
	IOMemoryMap_release(NULL);

	EXPECT_EQ(kIOReturnNoMemory, create_and_map(0, &buffer, &map));
	EXPECT_EQ(kIOReturnBadArgument,
		  IOBufferMemoryDescriptor_Create(kIOMemoryDisableCopyOnWrite, 1, 0, &buffer));
	EXPECT_EQ(NULL, buffer);
}

TEST(buffer_has_one_address_range)
{
	IOBufferMemoryDescriptor *buffer;
	IOAddressSegment range;
	uint64_t address, length;

	ASSERT_EQ(kIOReturnSuccess,
		  IOBufferMemoryDescriptor_Create(kIOMemoryDirectionOut, BUFFER_SIZE, 0, &buffer));
	EXPECT_EQ(kIOReturnSuccess, IOBufferMemoryDescriptor_SetLength(buffer, 100));
	EXPECT_EQ(kIOReturnBadArgument,
		  IOBufferMemoryDescriptor_SetLength(buffer, BUFFER_SIZE + 1));
	EXPECT_EQ(kIOReturnSuccess, IOBufferMemoryDescriptor_GetAddressRange(buffer, &range));
	EXPECT_EQ(100, range.length);
	EXPECT_EQ(0, probe((char *)(uintptr_t)range.address, true));
	EXPECT_EQ(kIOReturnSuccess,
		  IOMemoryDescriptor_Map(buffer, 0, 0, 0, 0, &address, &length));
	EXPECT_EQ(range.address, address);
	EXPECT_EQ(100, length);
	EXPECT_EQ(kIOReturnBadArgument,
		  IOMemoryDescriptor_Map(buffer, 0, 0, 0, 8, &address, &length));
	IOMemoryDescriptor_release(buffer);
}

TEST(descriptors_are_made_of_others)
{
	IOBufferMemoryDescriptor *buffer;
	struct iokmem_desc *half[2];
	IOMemoryDescriptor *both;
	IOMemoryMap *whole, *map;

	ASSERT_EQ(kIOReturnSuccess, create_and_map(2 * PAGE, &buffer, &whole));
	/* Map the second page, and then the first one. */
	ASSERT_EQ(kIOReturnSuccess,
		  IOMemoryDescriptor_CreateSubMemoryDescriptor(kIOMemoryDirectionInOut, PAGE,
							       PAGE, buffer, &half[0]));
	ASSERT_EQ(kIOReturnSuccess,
		  IOMemoryDescriptor_CreateSubMemoryDescriptor(kIOMemoryDirectionInOut, 0,
							       PAGE, buffer, &half[1]));
	EXPECT_EQ(kIOReturnBadArgument,
		  IOMemoryDescriptor_CreateSubMemoryDescriptor(kIOMemoryDirectionInOut, PAGE,
							       PAGE + 1, buffer, &both));
	ASSERT_EQ(kIOReturnSuccess,
		  IOMemoryDescriptor_CreateWithMemoryDescriptors(kIOMemoryDirectionInOut, 2,
								 half, &both));
	ASSERT_EQ(kIOReturnSuccess,
		  IOMemoryDescriptor_CreateMapping(both, kIOMemoryMapGuardedNone, 0, 0, 0, 0,
						   &map));
	bytes_of(whole)[PAGE] = 'A';
	bytes_of(whole)[0] = 'B';
	EXPECT_EQ('A', bytes_of(map)[0]);
	EXPECT_EQ('B', bytes_of(map)[PAGE]);
	IOMemoryMap_release(map);

	ASSERT_EQ(kIOReturnSuccess,
		  IOMemoryDescriptor_CreateMapping(both, kIOMemoryMapReadOnly, 0, 10, 20, 0,
						   &map));
	EXPECT_EQ(10, IOMemoryMap_GetOffset(map));
	EXPECT_EQ(SIGSEGV, probe(bytes_of(map), true));
	IOMemoryMap_release(map);
	/* Each failed mapping has one return code. errno has the reason. */
	EXPECT_EQ(kIOReturnError,
		  IOMemoryDescriptor_CreateMapping(both, 0, 0, 0, 3 * PAGE, 0, &map));
	EXPECT_EQ(ERANGE, errno);

	IOMemoryDescriptor_release(both);
	IOMemoryDescriptor_release(half[0]);
	IOMemoryDescriptor_release(half[1]);
	IOMemoryMap_release(whole);
	IOMemoryDescriptor_release(buffer);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN

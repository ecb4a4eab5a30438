// SPDX-License-Identifier: GPL-2.0
/*
 * IOKit's names for those who port drivers: numbers, errors, and the effect of each option.
 * iokit_memory_test.c has the functions.
 */
#include <iokit/IOBufferMemoryDescriptor.h>
#include <iokit/IODMACommand.h>
#include <iokit/IOGuardPageMemoryDescriptor.h>
#include <iokit/IOMultiMemoryDescriptor.h>
#include <iokit/IOSubMemoryDescriptor.h>

#include "iokit_errors.h"
#include "kinds.h"

/**
 * struct number - a constant
 * @name: its name
 * @value: as the header has it
 * @number: as IOKit has it
 */
struct number {
	const char *name;
	unsigned long value;
	unsigned long number;
};

#define NUMBER(name, number)	{ #name, name, number }

static const struct number numbers[] = {
	/* Directions */
	NUMBER(kIODirectionNone,			0x0),
	NUMBER(kIODirectionIn,				0x1),
	NUMBER(kIODirectionOut,				0x2),
	NUMBER(kIODirectionOutIn,			0x3),
	NUMBER(kIODirectionInOut,			0x3),
	NUMBER(kIODirectionPrepareToPhys32,		0x4),
	NUMBER(kIODirectionPrepareNoFault,		0x8),
	NUMBER(kIODirectionPrepareReserved1,		0x10),
	NUMBER(kIODirectionPrepareNoZeroFill,		0x10),
	NUMBER(kIODirectionPrepareNonCoherent,		0x20),
	NUMBER(kIODirectionCompleteWithError,		0x40),
	NUMBER(kIODirectionCompleteWithDataValid,	0x80),
	NUMBER(kIODirectionPrepareAvoidThrottling,	0x100),
	NUMBER(kIOMemoryDirectionMask,			0x7),
	/* Descriptors */
	NUMBER(kIOMemoryAutoPrepare,			0x00000008),
	NUMBER(kIOMemoryTypeVirtual,			0x00000010),
	NUMBER(kIOMemoryTypeVirtual64,			0x00000010),
	NUMBER(kIOMemoryTypePhysical,			0x00000020),
	NUMBER(kIOMemoryTypePhysical64,			0x00000020),
	NUMBER(kIOMemoryTypeUPL,			0x00000030),
	NUMBER(kIOMemoryTypePersistentMD,		0x00000040),
	NUMBER(kIOMemoryTypeUIO,			0x00000050),
	NUMBER(kIOMemoryTypeMask,			0x000000f0),
	NUMBER(kIOMemoryAsReference,			0x00000100),
	NUMBER(kIOMemoryBufferPageable,			0x00000400),
	NUMBER(kIOMemoryMapperNone,			0x00000800),
	NUMBER(kIOMemoryHostOnly,			0x00001000),
	NUMBER(kIOMemoryRedirected,			0x00004000),
	NUMBER(kIOMemoryPreparedReadOnly,		0x00008000),
	NUMBER(kIOMemoryPersistent,			0x00010000),
	NUMBER(kIOMemoryMapCopyOnWrite,			0x00020000),
	NUMBER(kIOMemoryRemote,				0x00040000),
	NUMBER(kIOMemoryThreadSafe,			0x00100000),
	NUMBER(kIOMemoryClearEncrypt,			0x00200000),
	NUMBER(kIOMemoryBufferPurgeable,		0x00400000),
	NUMBER(kIOMemoryUseReserve,			0x00800000),
	NUMBER(kIOMemoryBufferCacheMask,		0x70000000),
	NUMBER(kIOMemoryBufferCacheShift,		28),
	/* Buffers */
	NUMBER(kIOMemoryPhysicallyContiguous,		0x00000010),
	NUMBER(kIOMemoryPageable,			0x00000020),
	NUMBER(kIOMemoryPurgeable,			0x00000040),
	NUMBER(kIOMemoryHostPhysicallyContiguous,	0x00000080),
	NUMBER(kIOMemorySharingTypeMask,		0x000f0000),
	NUMBER(kIOMemoryUnshared,			0x00000000),
	NUMBER(kIOMemoryKernelUserShared,		0x00010000),
	NUMBER(kIOBufferDescriptorMemoryFlags,		0x00b0080f),
	/* Maps */
	NUMBER(kIOMapAnywhere,				0x00000001),
	NUMBER(kIOMapCacheMask,				0x00000f00),
	NUMBER(kIOMapCacheShift,			8),
	NUMBER(kIOMapDefaultCache,			0x00000000),
	NUMBER(kIOMapInhibitCache,			0x00000100),
	NUMBER(kIOMapWriteThruCache,			0x00000200),
	NUMBER(kIOMapCopybackCache,			0x00000300),
	NUMBER(kIOMapWriteCombineCache,			0x00000400),
	NUMBER(kIOMapCopybackInnerCache,		0x00000500),
	NUMBER(kIOMapPostedWrite,			0x00000600),
	NUMBER(kIOMapRealTimeCache,			0x00000700),
	NUMBER(kIOMapPostedReordered,			0x00000800),
	NUMBER(kIOMapPostedCombinedReordered,		0x00000900),
	NUMBER(kIOMapUserOptionsMask,			0x00000fff),
	NUMBER(kIOMapReadOnly,				0x00001000),
	NUMBER(kIOMapStatic,				0x01000000),
	NUMBER(kIOMapReference,				0x02000000),
	NUMBER(kIOMapUnique,				0x04000000),
	NUMBER(kIOMap64Bit,				0x08000000),
	NUMBER(kIOMapPrefault,				0x10000000),
	NUMBER(kIOMapOverwrite,				0x20000000),
	NUMBER(kIOMapGuardedMask,			0xc0000000),
	NUMBER(kIOMapGuardedSmall,			0x40000000),
	NUMBER(kIOMapGuardedLarge,			0x80000000),
	/* Cache modes by themselves */
	NUMBER(kIODefaultMemoryType,			0),
	NUMBER(kIODefaultCache,				0),
	NUMBER(kIOInhibitCache,				1),
	NUMBER(kIOWriteThruCache,			2),
	NUMBER(kIOCopybackCache,			3),
	NUMBER(kIOWriteCombineCache,			4),
	NUMBER(kIOCopybackInnerCache,			5),
	NUMBER(kIOPostedWrite,				6),
	NUMBER(kIORealTimeCache,			7),
	NUMBER(kIOPostedReordered,			8),
	NUMBER(kIOPostedCombinedReordered,		9),
	/* Purgeable memory */
	NUMBER(kIOMemoryPurgeableKeepCurrent,		1),
	NUMBER(kIOMemoryPurgeableNonVolatile,		2),
	NUMBER(kIOMemoryPurgeableVolatile,		3),
	NUMBER(kIOMemoryPurgeableEmpty,			4),
	NUMBER(kIOMemoryPurgeableVolatileGroup0,	0x000),
	NUMBER(kIOMemoryPurgeableVolatileGroup1,	0x100),
	NUMBER(kIOMemoryPurgeableVolatileGroup2,	0x200),
	NUMBER(kIOMemoryPurgeableVolatileGroup3,	0x300),
	NUMBER(kIOMemoryPurgeableVolatileGroup4,	0x400),
	NUMBER(kIOMemoryPurgeableVolatileGroup5,	0x500),
	NUMBER(kIOMemoryPurgeableVolatileGroup6,	0x600),
	NUMBER(kIOMemoryPurgeableVolatileGroup7,	0x700),
	NUMBER(kIOMemoryPurgeableVolatileBehaviorFifo,	0x00),
	NUMBER(kIOMemoryPurgeableVolatileBehaviorLifo,	0x40),
	NUMBER(kIOMemoryPurgeableVolatileOrderingObsolete, 0x20),
	NUMBER(kIOMemoryPurgeableVolatileOrderingNormal, 0x00),
	NUMBER(kIOMemoryPurgeableFaultOnAccess,		0x2000),
	/* Operations, and the rest */
	NUMBER(kIOMemoryIncoherentIOFlush,		1),
	NUMBER(kIOMemoryIncoherentIOStore,		2),
	NUMBER(kIOMemoryClearEncrypted,			50),
	NUMBER(kIOMemorySetEncrypted,			51),
	NUMBER(kIOMemoryLedgerTagDefault,		1),
	NUMBER(kIOmemoryLedgerTagNetwork,		2),
	NUMBER(kIOMemoryLedgerTagMedia,			3),
	NUMBER(kIOMemoryLedgerTagGraphics,		4),
	NUMBER(kIOMemoryLedgerTagNeural,		5),
	NUMBER(kIOMemoryLedgerFlagNoFootprint,		1),
	NUMBER(kIOPreparationIDUnprepared,		0),
	NUMBER(kIOPreparationIDUnsupported,		1),
	NUMBER(kIOPreparationIDAlwaysPrepared,		2),
	NUMBER(kIOMapperUncached,			1),
	NUMBER(kIODMAMapReadAccess,			0x1),
	NUMBER(kIODMAMapWriteAccess,			0x2),
	NUMBER(kIODMAMapPhysicallyContiguous,		0x10),
	NUMBER(kIODMAMapDeviceMemory,			0x20),
	NUMBER(kIODMAMapPagingPath,			0x40),
	NUMBER(kIODMAMapIdentityMap,			0x80),
	NUMBER(kIODMAMapPageListFullyOccupied,		0x100),
	NUMBER(kIODMAMapFixedAddress,			0x200),
	/* DMA commands */
	NUMBER(kIODMAMapOptionMapped,			0x00),
	NUMBER(kIODMAMapOptionBypassed,			0x01),
	NUMBER(kIODMAMapOptionNonCoherent,		0x02),
	NUMBER(kIODMAMapOptionUnmapped,			0x03),
	NUMBER(kIODMAMapOptionTypeMask,			0x0f),
	NUMBER(kIODMAMapOptionNoCacheStore,		0x10),
	NUMBER(kIODMAMapOptionOnChip,			0x20),
	NUMBER(kIODMAMapOptionIterateOnly,		0x40),
	NUMBER(kIODMAMapOptionDextOwner,		0x80),
	NUMBER(IODMACommand_kMapped,			0x00),
	NUMBER(IODMACommand_kBypassed,			0x01),
	NUMBER(IODMACommand_kNonCoherent,		0x02),
	NUMBER(IODMACommand_kUnmapped,			0x03),
	NUMBER(IODMACommand_kTypeMask,			0x0f),
	NUMBER(IODMACommand_kNoCacheStore,		0x10),
	NUMBER(IODMACommand_kOnChip,			0x20),
	NUMBER(IODMACommand_kIterateOnly,		0x40),
	NUMBER(IODMACommand_kForceDoubleBuffer,		0x01000000),
};

static void iokit_constants_are_apples(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		KUNIT_EXPECT_EQ_MSG(test, numbers[i].number, numbers[i].value, "%s",
				    numbers[i].name);
	KUNIT_EXPECT_PTR_EQ(test, (task_t)&init_task, kernel_task);
	KUNIT_EXPECT_NULL(test, TASK_NULL);
	KUNIT_EXPECT_NULL(test, kIOMapperSystem);
}

static void iokit_return_is_apples_and_has_an_errno(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected_returns); i++) {
		const struct expected_return *e = &expected_returns[i];

		KUNIT_EXPECT_EQ_MSG(test, e->number, (unsigned int)e->ret, "%s", e->name);
		KUNIT_EXPECT_EQ_MSG(test, e->err, iokit_to_errno(e->ret), "%s", e->name);
		KUNIT_EXPECT_EQ_MSG(test, e->back, iokit_from_errno(e->err), "%s", e->name);
		KUNIT_EXPECT_EQ_MSG(test, e->back, iokit_from_errno(-e->err), "%s", e->name);
	}
	KUNIT_EXPECT_EQ(test, EIO, iokit_to_errno(0x7fffffff));
	KUNIT_EXPECT_EQ(test, EIO, iokit_to_errno(-1));
}

static void iokit_has_a_return_for_every_errno(struct kunit *test)
{
	int err;

	for (err = 1; err <= LAST_ERRNO; err++) {
		IOReturn ret = iokit_from_errno(-err);

		KUNIT_EXPECT_EQ_MSG(test, expected_of_errno(err), ret, "errno %d", err);
		KUNIT_EXPECT_EQ_MSG(test, ret, iokit_from_errno(err), "errno %d", err);
		/* The number stays the same. */
		KUNIT_EXPECT_EQ_MSG(test, ret, iokit_from_errno(iokit_to_errno(ret)),
				    "errno %d", err);
	}
	KUNIT_EXPECT_EQ(test, kIOReturnError, iokit_from_errno(INT_MIN));
	KUNIT_EXPECT_EQ(test, kIOReturnError, iokit_from_errno(INT_MAX));
	KUNIT_EXPECT_EQ(test, kIOReturnError, iokit_from_errno(-ERESTARTSYS));
}

/* Try options of a single function bit by bit. */

/*
 * Try each bit alone, and return those that are accepted. A bit in @unsupported must give
 * Unsupported, and any other BadArgument.
 */
static u32 bits_taken(struct kunit *test, u32 unsupported,
		      IOReturn (*convert)(u32 bit, u32 *native))
{
	u32 taken = 0, native;
	int i;

	for (i = 0; i < 32; i++) {
		u32 bit = 1u << i;
		IOReturn ret = convert(bit, &native);

		if (!ret)
			taken |= bit;
		else
			KUNIT_EXPECT_EQ_MSG(test, unsupported & bit ?
					    kIOReturnUnsupported : kIOReturnBadArgument,
					    ret, "bit %#x", bit);
	}
	return taken;
}

static IOReturn range_option(u32 bit, u32 *native)
{
	return iokit_descriptor_options(bit, kernel_task, native);
}

static IOReturn physical_option(u32 bit, u32 *native)
{
	return iokit_descriptor_options(bit, TASK_NULL, native);
}

static void iokit_descriptor_takes_what_it_can_honour(struct kunit *test)
{
	u32 taken = kIODirectionInOut | kIOMemoryAsReference | kIOMemoryMapperNone |
		    kIOMemoryPersistent | kIOMemoryThreadSafe | kIOMemoryUseReserve;
	u32 unsupported = kIODirectionPrepareToPhys32 | kIOMemoryAutoPrepare |
			  kIOMemoryTypeMask | kIOMemoryBufferPageable |
			  kIOMemoryHostOnly | kIOMemoryRedirected |
			  kIOMemoryPreparedReadOnly | kIOMemoryMapCopyOnWrite |
			  kIOMemoryRemote | kIOMemoryClearEncrypt |
			  kIOMemoryBufferPurgeable | kIOMemoryBufferCacheMask;
	u32 native;

	KUNIT_EXPECT_EQ(test, taken | kIOMemoryTypeVirtual,
			bits_taken(test, unsupported, range_option));
	KUNIT_EXPECT_EQ(test, taken | kIOMemoryTypePhysical,
			bits_taken(test, unsupported, physical_option));

	/* The type is a field. */
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported, range_option(kIOMemoryTypeUPL, &native));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported, range_option(kIOMemoryTypeUIO, &native));
	KUNIT_EXPECT_EQ(test, kIOReturnUnsupported,
			physical_option(kIOMemoryTypeUPL, &native));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			range_option(kIOMemoryHostOnly | 0x80000000, &native));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			range_option(taken | kIOMemoryTypeVirtual, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_DIRECTION_INOUT | IOKMEM_PERSISTENT, native);
}

static void iokit_buffer_takes_what_it_can_honour(struct kunit *test)
{
	/* Each bit of the cache field alone is a mode, or kIOMemoryMapperNone. */
	u32 taken = kIODirectionInOut | kIOMemoryPhysicallyContiguous | kIOMemoryPageable |
		    kIOMemoryPurgeable | kIOMemoryHostPhysicallyContiguous |
		    kIOMapCacheMask | kIOMemoryKernelUserShared | kIOMemoryThreadSafe |
		    kIOMemoryUseReserve;
	u32 unsupported = kIODirectionPrepareToPhys32 | kIOMemoryAutoPrepare |
			  kIOMemoryClearEncrypt | kIOMapPrefault;
	u32 native;

	KUNIT_EXPECT_EQ(test, taken, bits_taken(test, unsupported, iokit_buffer_options));

	/* The numbers are those of a buffer: 0x10 of a descriptor is something else. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, iokit_buffer_options(0x10, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_PHYSICALLY_CONTIGUOUS, native);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, iokit_buffer_options(0x80, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_PHYSICALLY_CONTIGUOUS, native);
	/* Of two meanings, the one that is not a cache mode applies. */
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_buffer_options(kIOMemoryMapperNone | kIOMapInhibitCache,
					     &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_INHIBIT_CACHE, native);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_buffer_options(kIODirectionOut | kIOMemoryPageable |
					     kIOMemoryPurgeable |
					     kIOMemoryKernelUserShared, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_DIRECTION_OUT | IOKMEM_PAGEABLE | IOKMEM_PURGEABLE |
			      IOKMEM_KERNEL_USER_SHARED, native);
}

static void iokit_map_takes_what_it_can_honour(struct kunit *test)
{
	u32 taken = kIOMapAnywhere | kIOMapCacheMask | kIOMapReadOnly | kIOMapStatic |
		    kIOMapReference | kIOMapUnique | kIOMapPrefault | kIOMapOverwrite |
		    kIOMapGuardedMask;
	u32 native;

	KUNIT_EXPECT_EQ(test, taken, bits_taken(test, kIOMap64Bit, iokit_map_options));
	/* An option of iokmem is not an option of IOKit. */
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			iokit_map_options(IOKMEM_MAP_PINNABLE, &native));

	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_map_options(kIOMapAnywhere | kIOMapReadOnly | kIOMapUnique |
					  kIOMapWriteCombineCache | kIOMapGuardedLarge,
					  &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY |
			      IOKMEM_MAP_UNIQUE | IOKMEM_MAP_WRITE_COMBINE_CACHE |
			      IOKMEM_MAP_GUARDED_LARGE, native);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess,
			iokit_map_options(kIOMapStatic | kIOMapReference | kIOMapPrefault |
					  kIOMapOverwrite | kIOMapGuardedMask, &native));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_STATIC | IOKMEM_MAP_REFERENCE |
			      IOKMEM_MAP_PREFAULT | IOKMEM_MAP_OVERWRITE |
			      IOKMEM_MAP_GUARDED_SMALL, native);
}

static struct kunit_case iokit_cases[] = {
	KUNIT_CASE(iokit_constants_are_apples),
	KUNIT_CASE(iokit_return_is_apples_and_has_an_errno),
	KUNIT_CASE(iokit_has_a_return_for_every_errno),
	KUNIT_CASE(iokit_descriptor_takes_what_it_can_honour),
	KUNIT_CASE(iokit_buffer_takes_what_it_can_honour),
	KUNIT_CASE(iokit_map_takes_what_it_can_honour),
	{}
};

static struct kunit_suite iokit_suite = {
	.name = "iokmem_iokit",
	.test_cases = iokit_cases,
};

kunit_test_suite(iokit_suite);

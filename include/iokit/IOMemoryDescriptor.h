/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOMemoryDescriptor and IOMemoryMap: see IOTypes.h.
 */
#ifndef _IOKIT_IOMEMORYDESCRIPTOR_H
#define _IOKIT_IOMEMORYDESCRIPTOR_H

#include <linux/kernel.h>
#include <linux/sched/task.h>

#include <iokit/IOTypes.h>

typedef struct iokmem_desc IOMemoryDescriptor;
typedef struct iokmem_desc IOGeneralMemoryDescriptor;
typedef struct iokmem_map IOMemoryMap;

/* Direction of a transfer, as the device sees it. */
typedef IOOptionBits IODirection;

#define kIODirectionNone		0x00000000u
#define kIODirectionIn			0x00000001u
#define kIODirectionOut			0x00000002u
#define kIODirectionOutIn		0x00000003u
#define kIODirectionInOut		0x00000003u
/* For prepare() only. */
#define kIODirectionPrepareToPhys32	0x00000004u
#define kIODirectionPrepareNoFault	0x00000008u
#define kIODirectionPrepareReserved1	0x00000010u
#define kIODirectionPrepareNoZeroFill	0x00000010u
#define kIODirectionPrepareNonCoherent	0x00000020u
#define kIODirectionPrepareAvoidThrottling	0x00000100u
/* For complete() only. */
#define kIODirectionCompleteWithError	0x00000040u
#define kIODirectionCompleteWithDataValid	0x00000080u

/* Options of a descriptor. */
#define kIOMemoryDirectionMask		0x00000007u
#define kIOMemoryAutoPrepare		0x00000008u
#define kIOMemoryTypeVirtual		0x00000010u
#define kIOMemoryTypePhysical		0x00000020u
#define kIOMemoryTypeUPL		0x00000030u
#define kIOMemoryTypePersistentMD	0x00000040u
#define kIOMemoryTypeUIO		0x00000050u
#define kIOMemoryTypeVirtual64		kIOMemoryTypeVirtual
#define kIOMemoryTypePhysical64		kIOMemoryTypePhysical
#define kIOMemoryTypeMask		0x000000f0u
#define kIOMemoryAsReference		0x00000100u
#define kIOMemoryBufferPageable		0x00000400u
#define kIOMemoryMapperNone		0x00000800u
#define kIOMemoryHostOnly		0x00001000u
#define kIOMemoryRedirected		0x00004000u
#define kIOMemoryPreparedReadOnly	0x00008000u
#define kIOMemoryPersistent		0x00010000u
#define kIOMemoryMapCopyOnWrite		0x00020000u
#define kIOMemoryRemote			0x00040000u
#define kIOMemoryThreadSafe		0x00100000u
#define kIOMemoryClearEncrypt		0x00200000u
#define kIOMemoryBufferPurgeable	0x00400000u
#define kIOMemoryUseReserve		0x00800000u
#define kIOMemoryBufferCacheMask	0x70000000u
#define kIOMemoryBufferCacheShift	28

/* States of purgeable memory, and their modifiers. */
#define kIOMemoryPurgeableKeepCurrent			1u
#define kIOMemoryPurgeableNonVolatile			2u
#define kIOMemoryPurgeableVolatile			3u
#define kIOMemoryPurgeableEmpty				4u
#define kIOMemoryPurgeableVolatileGroup0		0x0000u
#define kIOMemoryPurgeableVolatileGroup1		0x0100u
#define kIOMemoryPurgeableVolatileGroup2		0x0200u
#define kIOMemoryPurgeableVolatileGroup3		0x0300u
#define kIOMemoryPurgeableVolatileGroup4		0x0400u
#define kIOMemoryPurgeableVolatileGroup5		0x0500u
#define kIOMemoryPurgeableVolatileGroup6		0x0600u
#define kIOMemoryPurgeableVolatileGroup7		0x0700u
#define kIOMemoryPurgeableVolatileBehaviorFifo		0x0000u
#define kIOMemoryPurgeableVolatileBehaviorLifo		0x0040u
#define kIOMemoryPurgeableVolatileOrderingObsolete	0x0020u
#define kIOMemoryPurgeableVolatileOrderingNormal	0x0000u
#define kIOMemoryPurgeableFaultOnAccess			0x2000u

/* Operations of performOperation(). */
#define kIOMemoryIncoherentIOFlush	1u
#define kIOMemoryIncoherentIOStore	2u
#define kIOMemoryClearEncrypted		50u
#define kIOMemorySetEncrypted		51u

/* Options of setOwnership(). */
#define kIOMemoryLedgerTagDefault	1
#define kIOmemoryLedgerTagNetwork	2
#define kIOMemoryLedgerTagMedia		3
#define kIOMemoryLedgerTagGraphics	4
#define kIOMemoryLedgerTagNeural	5
#define kIOMemoryLedgerFlagNoFootprint	1u

#define kIOPreparationIDUnprepared	0u
#define kIOPreparationIDUnsupported	1u
#define kIOPreparationIDAlwaysPrepared	2u

#define kIOMapperUncached		0x0001u

/* Options of IOMapper, a class that Linux does not have. */
#define kIODMAMapReadAccess		0x00000001u
#define kIODMAMapWriteAccess		0x00000002u
#define kIODMAMapPhysicallyContiguous	0x00000010u
#define kIODMAMapDeviceMemory		0x00000020u
#define kIODMAMapPagingPath		0x00000040u
#define kIODMAMapIdentityMap		0x00000080u
#define kIODMAMapPageListFullyOccupied	0x00000100u
#define kIODMAMapFixedAddress		0x00000200u

/*
 * Permissions not to do something, which is done all the same: to zero the memory, to keep its
 * content.
 */
#define IOKIT_PREPARE_HINTS	(kIODirectionPrepareNoZeroFill | kIODirectionPrepareAvoidThrottling)
#define IOKIT_COMPLETE_HINTS	(kIODirectionCompleteWithError | kIODirectionCompleteWithDataValid)

/* Modifiers of the purgeable state which order memory that is purged. */
#define IOKIT_PURGEABLE_ORDERS	(kIOMemoryPurgeableVolatileGroup7 |		\
				 kIOMemoryPurgeableVolatileBehaviorLifo |	\
				 kIOMemoryPurgeableVolatileOrderingObsolete)

/* All options that IOKit knows. */
#define IOKIT_DIRECTION_KNOWN		0x000001ffu
#define IOKIT_DESCRIPTOR_KNOWN		0x70f7ddffu

/* Return NULL in place of an error, which a tracepoint tells: see iokmem_refused(). */
#define iokit_null(err)	iokit_null_of(__func__, err)
#define iokit_desc(desc)	((IOMemoryDescriptor *)iokit_pointer(__func__, desc))
#define iokit_map(map)	((IOMemoryMap *)iokit_pointer(__func__, map))

static inline void *iokit_null_of(const char *function, int err)
{
	iokmem_refused(function, err);
	return NULL;
}

static inline void *iokit_pointer(const char *function, void *object)
{
	return IS_ERR(object) ? iokit_null_of(function, PTR_ERR(object)) : object;
}

/* Return NULL for options that are refused: see iokit_convert(). */
#define iokit_refuse(ret)	iokit_null(-iokit_to_errno(ret))

/*
 * Convert options of a descriptor of memory in @task, or of physical memory if that is
 * NULL. kIOMemoryMapperNone and kIOMemoryThreadSafe are always in force. kIOMemoryAsReference
 * and kIOMemoryUseReserve only permit IOKit not to copy an array, and to take memory from a
 * reserve, so they can be ignored.
 */
static inline IOReturn iokit_descriptor_options(IOOptionBits options, task_t task,
						u32 *native)
{
	const struct iokit_bit bits[] = {
		{ kIODirectionIn,	IOKMEM_DIRECTION_IN },
		{ kIODirectionOut,	IOKMEM_DIRECTION_OUT },
		{ task ? kIOMemoryTypeVirtual : kIOMemoryTypePhysical, 0 },
		{ kIOMemoryAsReference,	0 },
		{ kIOMemoryMapperNone,	0 },
		{ kIOMemoryPersistent,	IOKMEM_PERSISTENT },
		{ kIOMemoryThreadSafe,	0 },
		{ kIOMemoryUseReserve,	0 },
	};

	return iokit_convert(options, IOKIT_DESCRIPTOR_KNOWN, native, bits,
			     ARRAY_SIZE(bits));
}

static inline IOReturn iokit_map_options(IOOptionBits options, u32 *native)
{
	static const struct iokit_bit bits[] = {
		{ kIOMapAnywhere,	(__force u32)IOKMEM_MAP_ANYWHERE },
		{ kIOMapReadOnly,	(__force u32)IOKMEM_MAP_READ_ONLY },
		{ kIOMapStatic,		(__force u32)IOKMEM_MAP_STATIC },
		{ kIOMapReference,	(__force u32)IOKMEM_MAP_REFERENCE },
		{ kIOMapUnique,		(__force u32)IOKMEM_MAP_UNIQUE },
		{ kIOMapPrefault,	(__force u32)IOKMEM_MAP_PREFAULT },
		{ kIOMapOverwrite,	(__force u32)IOKMEM_MAP_OVERWRITE },
		{ kIOMapGuardedSmall,	(__force u32)IOKMEM_MAP_GUARDED_SMALL },
		{ kIOMapGuardedLarge,	(__force u32)IOKMEM_MAP_GUARDED_LARGE },
	};
	u32 cache_mode = options & kIOMapCacheMask;
	IOReturn ret;

	/* As in IOKit, both bits together ask for the small guard. */
	if ((options & kIOMapGuardedMask) == kIOMapGuardedMask)
		options &= ~kIOMapGuardedLarge;
	ret = iokit_convert(options & ~kIOMapCacheMask, kIOMap64Bit, native, bits,
			    ARRAY_SIZE(bits));
	/* Cache modes have equal numbers in iokmem, which refuses unknown ones later. */
	*native |= cache_mode;
	return ret;
}

/*
 * The IOMemoryDescriptor factories. Each returns NULL or a reference that the caller owns.
 */

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withAddress(void *address, IOByteCount length, IODirection direction)
{
	return iokit_desc(iokmem_desc_with_address(address, length, direction));
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withAddressRanges(const IOAddressRange *ranges, UInt32 rangeCount,
				     IOOptionBits options, task_t task)
{
	IOReturn ret;
	u32 native;

	if (!ranges)
		return iokit_null(-EINVAL);
	ret = iokit_descriptor_options(options, task, &native);
	if (ret)
		return iokit_refuse(ret);
	return iokit_desc(iokmem_desc_with_address_ranges(ranges, rangeCount, native,
							  task));
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withAddressRange(mach_vm_address_t address, mach_vm_size_t length,
				    IOOptionBits options, task_t task)
{
	const IOAddressRange range = { address, length };

	return IOMemoryDescriptor_withAddressRanges(&range, 1, options, task);
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withPhysicalAddress(IOPhysicalAddress address, IOByteCount length,
				       IODirection direction)
{
	return iokit_desc(iokmem_desc_with_physical_address(address, length,
							    direction));
}

/*
 * @buffers are addresses in a task, or physical ones. @offset and @mapper must be 0: they
 * are for UPLs and mappers only.
 */
static inline IOMemoryDescriptor *
IOMemoryDescriptor_withOptions(void *buffers, UInt32 count, UInt32 offset, task_t task,
			       IOOptionBits options, IOMapper *mapper)
{
	if (!(options & kIOMemoryTypeMask) || offset || mapper)
		return iokit_null(-EINVAL);
	return IOMemoryDescriptor_withAddressRanges(buffers, count, options, task);
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withPersistentMemoryDescriptor(IOMemoryDescriptor *original)
{
	return iokit_desc(iokmem_desc_with_persistent_memory_descriptor(original));
}

/* Old factories, which take a direction but no options. */

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withRanges(const IOVirtualRange *ranges, UInt32 count,
			      IODirection direction, task_t task, bool asReference)
{
	if (!task || (direction & ~kIODirectionInOut))
		return iokit_null(-EINVAL);
	return IOMemoryDescriptor_withAddressRanges(ranges, count, direction, task);
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withPhysicalRanges(const IOPhysicalRange *ranges, UInt32 count,
				      IODirection direction, bool asReference)
{
	if (direction & ~kIODirectionInOut)
		return iokit_null(-EINVAL);
	return IOMemoryDescriptor_withAddressRanges(ranges, count, direction, TASK_NULL);
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withAddress_task(IOVirtualAddress address, IOByteCount length,
				    IODirection direction, task_t task)
{
	const IOVirtualRange range = { address, length };

	return IOMemoryDescriptor_withRanges(&range, 1, direction, task, false);
}

static inline IOMemoryDescriptor *
IOMemoryDescriptor_withSubRange(IOMemoryDescriptor *of, IOByteCount offset,
				IOByteCount length, IODirection direction)
{
	if (!of)
		return iokit_null(-EINVAL);
	return iokit_desc(iokmem_sub_with_sub_range(of, offset, length, direction));
}

/* A descriptor cannot be initialised again, so this always fails. */
static inline bool
IOMemoryDescriptor_initWithOptions(IOMemoryDescriptor *md, void *buffers, UInt32 count,
				   UInt32 offset, task_t task, IOOptionBits options,
				   IOMapper *mapper)
{
	return false;
}

/* IOMemoryDescriptor */

static inline void IOMemoryDescriptor_retain(IOMemoryDescriptor *md)
{
	iokmem_desc_get(md);
}

static inline void IOMemoryDescriptor_release(IOMemoryDescriptor *md)
{
	iokmem_desc_put(md);
}

static inline IODirection IOMemoryDescriptor_getDirection(const IOMemoryDescriptor *md)
{
	return iokmem_desc_get_direction(md);
}

static inline IOByteCount IOMemoryDescriptor_getLength(const IOMemoryDescriptor *md)
{
	return iokmem_desc_get_length(md);
}

/*
 * Return the flags that are known of any descriptor. The options that it was made with are
 * not kept.
 */
static inline UInt64 IOMemoryDescriptor_getFlags(const IOMemoryDescriptor *md)
{
	return iokmem_desc_get_direction(md) | kIOMemoryThreadSafe | kIOMemoryMapperNone;
}

static inline void IOMemoryDescriptor_setTag(IOMemoryDescriptor *md, IOOptionBits tag)
{
	iokmem_desc_set_tag(md, tag);
}

static inline IOOptionBits IOMemoryDescriptor_getTag(const IOMemoryDescriptor *md)
{
	return iokmem_desc_get_tag(md);
}

static inline IOReturn IOMemoryDescriptor_prepare(IOMemoryDescriptor *md,
						  IODirection forDirection)
{
	if (forDirection & ~IOKIT_DIRECTION_KNOWN)
		return kIOReturnBadArgument;
	return iokit_from_errno(iokmem_desc_prepare(md, forDirection & ~IOKIT_PREPARE_HINTS));
}

static inline IOReturn IOMemoryDescriptor_complete(IOMemoryDescriptor *md,
						   IODirection forDirection)
{
	if (forDirection & ~IOKIT_DIRECTION_KNOWN)
		return kIOReturnBadArgument;
	return iokit_from_errno(iokmem_desc_complete(md, forDirection & ~IOKIT_COMPLETE_HINTS));
}

static inline IOByteCount IOMemoryDescriptor_readBytes(IOMemoryDescriptor *md,
						       IOByteCount offset, void *bytes,
						       IOByteCount length)
{
	return iokmem_desc_read_bytes(md, offset, bytes, length) ? 0 : length;
}

static inline IOByteCount IOMemoryDescriptor_writeBytes(IOMemoryDescriptor *md,
							IOByteCount offset,
							const void *bytes,
							IOByteCount length)
{
	return iokmem_desc_write_bytes(md, offset, bytes, length) ? 0 : length;
}

/*
 * Return the address that the CPU uses, with or without kIOMemoryMapperNone, or 0 for an
 * error.
 */
static inline addr64_t IOMemoryDescriptor_getPhysicalSegment(IOMemoryDescriptor *md,
							     IOByteCount offset,
							     IOByteCount *length,
							     IOOptionBits options)
{
	phys_addr_t address = 0;
	size_t n = 0;

	if (!(options & ~kIOMemoryMapperNone) &&
	    iokmem_desc_get_physical_segment(md, offset, &address, &n))
		address = 0;
	if (length)
		*length = n;
	return address;
}

static inline IOPhysicalAddress
IOMemoryDescriptor_getPhysicalAddress(IOMemoryDescriptor *md)
{
	return IOMemoryDescriptor_getPhysicalSegment(md, 0, NULL, 0);
}

/* The counts are numbers of pages, although their type is IOByteCount. */
static inline IOReturn IOMemoryDescriptor_getPageCounts(IOMemoryDescriptor *md,
							IOByteCount *residentPageCount,
							IOByteCount *dirtyPageCount)
{
	return iokit_from_errno(iokmem_desc_get_page_counts(md, residentPageCount,
							    dirtyPageCount));
}

/* The range is cut at the end of the memory, and must not begin past it. */
static inline IOReturn IOMemoryDescriptor_performOperation(IOMemoryDescriptor *md,
							   IOOptionBits operation,
							   IOByteCount offset,
							   IOByteCount length)
{
	size_t whole = iokmem_desc_get_length(md);

	if (offset <= whole)
		length = min_t(IOByteCount, length, whole - offset);
	else if (length &&
		 (operation == kIOMemoryIncoherentIOFlush ||
		  operation == kIOMemoryIncoherentIOStore))
		return kIOReturnUnderrun;
	return iokit_from_errno(iokmem_desc_perform_operation(md, operation, offset,
							      length));
}

/* Which memory is purged first is for the kernel to say, so the order is accepted, and ignored. */
static inline IOReturn IOMemoryDescriptor_setPurgeable(IOMemoryDescriptor *md,
						       IOOptionBits newState,
						       IOOptionBits *oldState)
{
	return iokit_from_errno(iokmem_desc_set_purgeable(md, newState & ~IOKIT_PURGEABLE_ORDERS,
							  oldState));
}

static inline IOMemoryMap *
IOMemoryDescriptor_createMappingInTask(IOMemoryDescriptor *md, task_t intoTask,
				       mach_vm_address_t atAddress, IOOptionBits options,
				       mach_vm_size_t offset, mach_vm_size_t length)
{
	IOReturn ret;
	u32 native;

	ret = iokit_map_options(options, &native);
	if (ret)
		return iokit_refuse(ret);
	return iokit_map(iokmem_desc_create_mapping_in_task(md, intoTask, atAddress,
							    (__force iokmem_map_options_t)native,
							    offset, length));
}

static inline IOMemoryMap *IOMemoryDescriptor_map(IOMemoryDescriptor *md,
						  IOOptionBits options)
{
	return IOMemoryDescriptor_createMappingInTask(md, kernel_task, 0,
						      options | kIOMapAnywhere, 0, 0);
}

/* The old map(). */
static inline IOMemoryMap *
IOMemoryDescriptor_map_task(IOMemoryDescriptor *md, task_t intoTask,
			    IOVirtualAddress atAddress, IOOptionBits options,
			    IOByteCount offset, IOByteCount length)
{
	return IOMemoryDescriptor_createMappingInTask(md, intoTask, atAddress, options,
						      offset, length);
}

static inline IOMemoryMap *IOMemoryDescriptor_setMapping(IOMemoryDescriptor *md,
							 task_t task,
							 IOVirtualAddress mapAddress,
							 IOOptionBits options)
{
	return IOMemoryDescriptor_createMappingInTask(md, task, mapAddress,
						      options | kIOMapStatic, 0, 0);
}

static inline UInt64 IOMemoryDescriptor_getDescriptorID(IOMemoryDescriptor *md)
{
	return iokmem_desc_get_id(md);
}

static inline UInt64 IOMemoryDescriptor_getPreparationID(IOMemoryDescriptor *md)
{
	return iokmem_desc_get_preparation_id(md);
}

/* The caller keeps the object until the descriptor has another context, or has gone. */
static inline void IOMemoryDescriptor_setContext(IOMemoryDescriptor *md, void *context)
{
	iokmem_desc_set_context(md, context);
}

static inline void *IOMemoryDescriptor_copyContext(const IOMemoryDescriptor *md)
{
	return iokmem_desc_get_context(md);
}

/* OSDynamicCast(type, object): the object if it is one of that class; otherwise NULL. */
#define OSDynamicCast(type, object)	iokit_cast_to_##type(object)

static inline bool iokit_is_of(const struct iokmem_desc *md, enum iokmem_class class)
{
	return md && iokmem_desc_get_class(md) == class;
}

static inline IOMemoryDescriptor *iokit_cast_to_IOMemoryDescriptor(struct iokmem_desc *md)
{
	return md;
}

static inline struct iokmem_desc *
iokit_cast_to_IOGeneralMemoryDescriptor(struct iokmem_desc *md)
{
	return iokit_is_of(md, IOKMEM_CLASS_GENERAL) || iokit_is_of(md, IOKMEM_CLASS_BUFFER) ?
	       md : NULL;
}

static inline struct iokmem_desc *
iokit_cast_to_IOBufferMemoryDescriptor(struct iokmem_desc *md)
{
	return iokit_is_of(md, IOKMEM_CLASS_BUFFER) ? md : NULL;
}

static inline struct iokmem_desc *iokit_cast_to_IOSubMemoryDescriptor(struct iokmem_desc *md)
{
	return iokit_is_of(md, IOKMEM_CLASS_SUB) ? md : NULL;
}

static inline struct iokmem_desc *iokit_cast_to_IOMultiMemoryDescriptor(struct iokmem_desc *md)
{
	return iokit_is_of(md, IOKMEM_CLASS_MULTI) ? md : NULL;
}

static inline struct iokmem_desc *
iokit_cast_to_IOGuardPageMemoryDescriptor(struct iokmem_desc *md)
{
	return iokit_is_of(md, IOKMEM_CLASS_GUARD) ? md : NULL;
}

/* Methods without a counterpart on Linux. */

static inline IOReturn IOMemoryDescriptor_setOwnership(IOMemoryDescriptor *md,
						       task_t newOwner, int newLedgerTag,
						       IOOptionBits newLedgerOptions)
{
	return kIOReturnUnsupported;
}

static inline IOReturn IOMemoryDescriptor_redirect(IOMemoryDescriptor *md,
						   task_t safeTask, bool redirect)
{
	return iokit_from_errno(iokmem_desc_redirect(md, safeTask, redirect));
}

/* Preparations have their numbers without being asked. */
static inline IOReturn IOMemoryDescriptor_setPreparationID(IOMemoryDescriptor *md)
{
	return kIOReturnUnsupported;
}

/* Tags say on whose behalf memory is shown in statistics, which Linux does not have. */
static inline IOReturn IOMemoryDescriptor_setVMTags(IOMemoryDescriptor *md,
						    UInt32 kernelTag, UInt32 userTag)
{
	return kIOReturnSuccess;
}

static inline UInt32 IOMemoryDescriptor_getVMTag(IOMemoryDescriptor *md, task_t task)
{
	return 0;
}

static inline IOReturn IOMemoryDescriptor_setMapperOptions(IOMemoryDescriptor *md,
							   UInt16 options)
{
	return kIOReturnUnsupported;
}

static inline UInt16 IOMemoryDescriptor_getMapperOptions(const IOMemoryDescriptor *md)
{
	return 0;
}

static inline UInt64 IOMemoryDescriptor_getDMAMapLength(IOMemoryDescriptor *md,
							UInt64 *offset)
{
	size_t in_page;
	UInt64 length = iokmem_desc_get_dma_map_length(md, &in_page);

	if (offset)
		*offset = in_page;
	return length;
}

/* IOMemoryMap */

static inline void IOMemoryMap_retain(IOMemoryMap *map)
{
	iokmem_map_get(map);
}

static inline void IOMemoryMap_release(IOMemoryMap *map)
{
	iokmem_map_put(map);
}

/* Unlike in IOKit, a descriptor has no reference to its maps that would be counted. */
static inline int IOMemoryMap_getRetainCount(IOMemoryMap *map)
{
	return min_t(unsigned long, iokmem_map_get_retain_count(map), INT_MAX);
}

static inline IOVirtualAddress IOMemoryMap_getVirtualAddress(const IOMemoryMap *map)
{
	return iokmem_map_get_address(map);
}

static inline mach_vm_address_t IOMemoryMap_getAddress(const IOMemoryMap *map)
{
	return iokmem_map_get_address(map);
}

static inline IOByteCount IOMemoryMap_getLength(const IOMemoryMap *map)
{
	return iokmem_map_get_length(map);
}

static inline mach_vm_size_t IOMemoryMap_getSize(const IOMemoryMap *map)
{
	return iokmem_map_get_length(map);
}

/* Return the task with a reference, for task_deallocate(). */
static inline task_t IOMemoryMap_copyAddressTask(const IOMemoryMap *map)
{
	return iokmem_map_get_address_task(map);
}

static inline void task_deallocate(task_t task)
{
	if (task)
		put_task_struct(task);
}

/*
 * Return the task without a reference, so that it can be compared but not used. To use the
 * task, call IOMemoryMap_copyAddressTask().
 */
static inline task_t IOMemoryMap_getAddressTask(const IOMemoryMap *map)
{
	task_t task = IOMemoryMap_copyAddressTask(map);

	task_deallocate(task);
	return task;
}

static inline IOMemoryDescriptor *IOMemoryMap_getMemoryDescriptor(const IOMemoryMap *map)
{
	return iokmem_map_get_memory_descriptor(map);
}

/* Options have equal numbers in iokmem. The one that IOKit does not have is left out. */
static inline IOOptionBits IOMemoryMap_getMapOptions(const IOMemoryMap *map)
{
	return (__force u32)(iokmem_map_get_options(map) & ~IOKMEM_MAP_PINNABLE);
}

static inline addr64_t IOMemoryMap_getPhysicalSegment(IOMemoryMap *map,
						      IOByteCount offset,
						      IOByteCount *length,
						      IOOptionBits options)
{
	phys_addr_t address = 0;
	size_t n = 0;

	if (!(options & ~kIOMemoryMapperNone) &&
	    iokmem_map_get_physical_segment(map, offset, &address, &n))
		address = 0;
	if (length)
		*length = n;
	return address;
}

static inline IOPhysicalAddress IOMemoryMap_getPhysicalAddress(IOMemoryMap *map)
{
	return IOMemoryMap_getPhysicalSegment(map, 0, NULL, 0);
}

static inline IOReturn IOMemoryMap_unmap(IOMemoryMap *map)
{
	return iokit_from_errno(iokmem_map_unmap(map));
}

static inline IOReturn IOMemoryMap_redirect(IOMemoryMap *map,
					    IOMemoryDescriptor *newBackingMemory,
					    IOOptionBits options, mach_vm_size_t offset)
{
	IOReturn ret;
	u32 native;

	ret = iokit_map_options(options, &native);
	if (ret)
		return ret;
	return iokit_from_errno(iokmem_map_redirect(map, newBackingMemory, native, offset));
}

static inline IOReturn IOMemoryMap_wireRange(IOMemoryMap *map, UInt32 options,
					     mach_vm_size_t offset, mach_vm_size_t length)
{
	return iokit_from_errno(iokmem_map_wire_range(map, options, offset, length));
}

#endif /* _IOKIT_IOMEMORYDESCRIPTOR_H */

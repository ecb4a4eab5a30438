/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOKit's names for simple types, and for the options of maps. For drivers.
 *
 * The headers in this directory spell <linux/iokmem.h> as IOKit does. A method is a
 * function Class_method(), whose first argument is the object. Constants have Apple's
 * names and numbers. The headers are for porting drivers:
 * Documentation/porting-from-iokit.md explains how, and iokit-differences.md lists the
 * differences.
 *
 * A method of a base class has the name of the base class, also for objects of its
 * subclasses. Of overloaded C++ methods, the one with the fewest arguments has the plain
 * name, and the names of the others add what they take besides. Callers must pass all
 * arguments, including those that C++ lets them omit. A method that returns void in IOKit
 * and can fail here returns an IOReturn.
 *
 * Options that Linux cannot honour are refused, with NULL or kIOReturnUnsupported. Bits
 * that have no meaning are refused with NULL or kIOReturnBadArgument.
 */
#ifndef _IOKIT_IOTYPES_H
#define _IOKIT_IOTYPES_H

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <linux/iokmem.h>
#include <iokit/IOReturn.h>

typedef u8 UInt8;
typedef u16 UInt16;
typedef u32 UInt32;
typedef u64 UInt64;
typedef s8 SInt8;
typedef s16 SInt16;
typedef s32 SInt32;
typedef s64 SInt64;

typedef u64 addr64_t;
typedef u64 mach_vm_address_t;
typedef u64 mach_vm_offset_t;
typedef u64 mach_vm_size_t;
typedef unsigned long vm_address_t;
typedef unsigned long vm_offset_t;
typedef size_t vm_size_t;

typedef UInt32 IOOptionBits;
typedef UInt32 IOCacheMode;
typedef UInt32 IOItemCount;
typedef UInt64 IOByteCount;
typedef UInt32 IOByteCount32;
typedef UInt64 IOByteCount64;
typedef unsigned long IOVirtualAddress;
typedef unsigned long IOLogicalAddress;
typedef UInt64 IOPhysicalAddress;
typedef UInt32 IOPhysicalAddress32;
typedef UInt64 IOPhysicalAddress64;
typedef UInt64 IOPhysicalLength;
typedef UInt32 IOPhysicalLength32;
typedef UInt64 IOPhysicalLength64;

typedef struct iokmem_address_range IOAddressRange;
typedef IOAddressRange IOVirtualRange;
typedef IOAddressRange IOPhysicalRange;

typedef struct task_struct *task_t;

#define TASK_NULL	((task_t)NULL)
#define kernel_task	IOKMEM_KERNEL_TASK

/* The process of the caller. Newer kernels have a variable of this name. */
#define current_task()	((task_t)current)

/* Where IOKit has page_size, page_mask and page_shift, the kernel's names must do. */
#define round_page(x)		((vm_offset_t)PAGE_ALIGN(x))
#define trunc_page(x)		((vm_offset_t)(x) & PAGE_MASK)
#define round_page_64(x)	round_up((u64)(x), PAGE_SIZE)
#define trunc_page_64(x)	round_down((u64)(x), PAGE_SIZE)

/* The mapper of a descriptor or a DMA command: on Linux, its device. */
typedef struct device IOMapper;

#define kIOMapperSystem	((IOMapper *)NULL)

/* Values of IOCacheMode. */
#define kIODefaultMemoryType		0u
#define kIODefaultCache			0u
#define kIOInhibitCache			1u
#define kIOWriteThruCache		2u
#define kIOCopybackCache		3u
#define kIOWriteCombineCache		4u
#define kIOCopybackInnerCache		5u
#define kIOPostedWrite			6u
#define kIORealTimeCache		7u
#define kIOPostedReordered		8u
#define kIOPostedCombinedReordered	9u

/* Options of a map, in the kernel. DriverKit's options have other numbers. */
#define kIOMapAnywhere			0x00000001u
#define kIOMapCacheMask			0x00000f00u
#define kIOMapCacheShift		8
#define kIOMapDefaultCache		(kIODefaultCache << kIOMapCacheShift)
#define kIOMapInhibitCache		(kIOInhibitCache << kIOMapCacheShift)
#define kIOMapWriteThruCache		(kIOWriteThruCache << kIOMapCacheShift)
#define kIOMapCopybackCache		(kIOCopybackCache << kIOMapCacheShift)
#define kIOMapWriteCombineCache		(kIOWriteCombineCache << kIOMapCacheShift)
#define kIOMapCopybackInnerCache	(kIOCopybackInnerCache << kIOMapCacheShift)
#define kIOMapPostedWrite		(kIOPostedWrite << kIOMapCacheShift)
#define kIOMapRealTimeCache		(kIORealTimeCache << kIOMapCacheShift)
#define kIOMapPostedReordered		(kIOPostedReordered << kIOMapCacheShift)
#define kIOMapPostedCombinedReordered	(kIOPostedCombinedReordered << kIOMapCacheShift)
#define kIOMapUserOptionsMask		0x00000fffu
#define kIOMapReadOnly			0x00001000u
#define kIOMapStatic			0x01000000u
#define kIOMapReference			0x02000000u
#define kIOMapUnique			0x04000000u
#define kIOMap64Bit			0x08000000u
#define kIOMapPrefault			0x10000000u
#define kIOMapOverwrite			0x20000000u
#define kIOMapGuardedMask		0xc0000000u
#define kIOMapGuardedSmall		0x40000000u
#define kIOMapGuardedLarge		0x80000000u

typedef struct iokmem_desc *iokit_desc_t;
typedef struct iokmem_map *iokit_map_t;

/* OSObject::release(), for objects of all classes that are included. */
#define OSObject_release(object) _Generic((object),		\
	iokit_desc_t : iokmem_desc_put,				\
	iokit_map_t : iokmem_map_put)(object)

/* Release an object, unless there is none, and forget it. */
#define OSSafeReleaseNULL(object)				\
	do {							\
		if (object)					\
			OSObject_release(object);		\
		(object) = NULL;				\
	} while (0)

/**
 * struct iokit_bit - an option in both numberings
 * @apple: the bits in IOKit
 * @native: the option in <linux/iokmem.h>; 0: none, since the option is always in force
 */
struct iokit_bit {
	u32 apple;
	u32 native;
};

/*
 * Convert options by a table. Return kIOReturnSuccess; kIOReturnUnsupported if options
 * remain that are in @known; or kIOReturnBadArgument if others remain.
 */
static inline IOReturn iokit_convert(u32 options, u32 known, u32 *native,
				     const struct iokit_bit *bits, unsigned int nr)
{
	u32 left = options;
	unsigned int i;

	*native = 0;
	for (i = 0; i < nr; i++) {
		if ((options & bits[i].apple) != bits[i].apple)
			continue;
		*native |= bits[i].native;
		left &= ~bits[i].apple;
	}
	if (left & ~known)
		return kIOReturnBadArgument;
	return left ? kIOReturnUnsupported : kIOReturnSuccess;
}

#endif /* _IOKIT_IOTYPES_H */

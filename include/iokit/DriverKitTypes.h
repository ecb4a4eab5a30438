/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DriverKit's constants and structures, with its numbers. They differ from those of IOKit in
 * the kernel. <iokit/DriverKit.h> and <iokit/DriverKit.hpp> include this file.
 */
#ifndef _IOKIT_DRIVERKITTYPES_H
#define _IOKIT_DRIVERKITTYPES_H

#include <stdint.h>
#include <unistd.h>

#include <libiokmem.h>
#include <iokit/IOReturn.h>

typedef struct iokmem_address_segment IOAddressSegment;

typedef struct {
	uint64_t options;
	uint64_t maxAddressBits;
	uint64_t _resv[16];
} IODMACommandSpecification;

#define IOVMPageSize	((uint64_t)sysconf(_SC_PAGESIZE))

/* Options of a descriptor. */
#define kIOMemoryDirectionNone			0x00000000u
#define kIOMemoryDirectionIn			0x00000001u
#define kIOMemoryDirectionOut			0x00000002u
#define kIOMemoryDirectionOutIn			0x00000003u
#define kIOMemoryDirectionInOut			0x00000003u
#define kIOMemoryDisableCopyOnWrite		0x00000010u

/* Options of a map. */
#define kIOMemoryMapFixedAddress		0x00000001u
#define kIOMemoryMapReadOnly			0x00000002u
#define kIOMemoryMapGuardedMask			0x0000001cu
#define kIOMemoryMapGuardedDefault		0x00000000u
#define kIOMemoryMapGuardedNone			0x00000004u
#define kIOMemoryMapGuardedSmall		0x00000008u
#define kIOMemoryMapGuardedLarge		0x0000000cu
#define kIOMemoryMapCacheModeDefault		0x00000000u
#define kIOMemoryMapCacheModeInhibit		0x00000100u
#define kIOMemoryMapCacheModeCopyback		0x00000200u
#define kIOMemoryMapCacheModeWriteThrough	0x00000400u
#define kIOMemoryMapCacheModeRealTime		0x00000800u

/* Option of memory that is passed to another process; also of iokmem_desc_send(). */
#define kIOUserClientMemoryReadOnly		0x00000001u

/* Options of a DMA command. */
#define kIODMACommandCreateNoOptions		0u
#define kIODMACommandSpecificationNoOptions	0u
#define kIODMACommandPrepareForDMANoOptions	0u
#define kIODMACommandCompleteDMANoOptions	0u
#define kIODMACommandPerformOperationOptionRead		0x00000001u
#define kIODMACommandPerformOperationOptionWrite	0x00000002u
#define kIODMACommandPerformOperationOptionZero		0x00000004u

#endif /* _IOKIT_DRIVERKITTYPES_H */

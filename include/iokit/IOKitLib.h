/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a program maps the memory of a driver, in the spelling of Apple's <IOKit/IOKitLib.h>, on
 * top of <libiokmem.h>. A connection is a file descriptor of the driver's device, which the
 * program has opened: there is no IOServiceOpen(). The driver offers memory by
 * <linux/iokmem_client.h>.
 *
 * Options are those of IOKit, and have other numbers than DriverKit's. errno says why a call
 * failed.
 */
#ifndef _IOKIT_IOKITLIB_H
#define _IOKIT_IOKITLIB_H

#include <errno.h>
#include <stdint.h>

#include <libiokmem.h>
#include <iokit/IOReturn.h>

typedef int io_connect_t;
typedef uint32_t IOOptionBits;
typedef uint64_t mach_vm_address_t;
typedef uint64_t mach_vm_size_t;

/* Memory is mapped into the calling process. It has no name for another one. */
typedef uint32_t task_port_t;

#define TASK_NULL		((task_port_t)0)
#define mach_task_self()	((task_port_t)1)

/* Options of a map. */
#define kIOMapAnywhere			0x00000001u
#define kIOMapDefaultCache		0x00000000u
#define kIOMapInhibitCache		0x00000100u
#define kIOMapWriteThruCache		0x00000200u
#define kIOMapCopybackCache		0x00000300u
#define kIOMapWriteCombineCache		0x00000400u
#define kIOMapCopybackInnerCache	0x00000500u
#define kIOMapPostedWrite		0x00000600u
#define kIOMapRealTimeCache		0x00000700u
#define kIOMapPostedReordered		0x00000800u
#define kIOMapPostedCombinedReordered	0x00000900u
#define kIOMapReadOnly			0x00001000u

static inline kern_return_t
IOConnectMapMemory64(io_connect_t connect, uint32_t memoryType, task_port_t intoTask,
		     mach_vm_address_t *atAddress, mach_vm_size_t *ofSize,
		     IOOptionBits options)
{
	if (intoTask == mach_task_self())
		return iokmem_client_map(connect, memoryType, options, atAddress, ofSize);
	errno = EOPNOTSUPP;
	return kIOReturnUnsupported;
}

static inline kern_return_t
IOConnectUnmapMemory64(io_connect_t connect, uint32_t memoryType, task_port_t fromTask,
		       mach_vm_address_t atAddress)
{
	if (fromTask == mach_task_self())
		return iokmem_client_unmap(connect, memoryType, atAddress);
	errno = EOPNOTSUPP;
	return kIOReturnUnsupported;
}

/* As with Apple's, where addresses have 64 bits. */
#define IOConnectMapMemory	IOConnectMapMemory64
#define IOConnectUnmapMemory	IOConnectUnmapMemory64

#endif /* _IOKIT_IOKITLIB_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOReturn: IOKit's and Mach's error numbers, and the errno that each stands for.
 * For drivers and for programs.
 */
#ifndef _IOKIT_IORETURN_H
#define _IOKIT_IORETURN_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stddef.h>
#endif

typedef int kern_return_t;
typedef kern_return_t IOReturn;

#define iokit_common_err(code)		((IOReturn)(0xe0000000u | (code)))

#define kIOReturnSuccess		((IOReturn)0)
#define kIOReturnInvalid		iokit_common_err(0x001u)
#define kIOReturnError			iokit_common_err(0x2bcu)
#define kIOReturnNoMemory		iokit_common_err(0x2bdu)
#define kIOReturnNoResources		iokit_common_err(0x2beu)
#define kIOReturnIPCError		iokit_common_err(0x2bfu)
#define kIOReturnNoDevice		iokit_common_err(0x2c0u)
#define kIOReturnNotPrivileged		iokit_common_err(0x2c1u)
#define kIOReturnBadArgument		iokit_common_err(0x2c2u)
#define kIOReturnLockedRead		iokit_common_err(0x2c3u)
#define kIOReturnLockedWrite		iokit_common_err(0x2c4u)
#define kIOReturnExclusiveAccess	iokit_common_err(0x2c5u)
#define kIOReturnBadMessageID		iokit_common_err(0x2c6u)
#define kIOReturnUnsupported		iokit_common_err(0x2c7u)
#define kIOReturnVMError		iokit_common_err(0x2c8u)
#define kIOReturnInternalError		iokit_common_err(0x2c9u)
#define kIOReturnIOError		iokit_common_err(0x2cau)
#define kIOReturnCannotLock		iokit_common_err(0x2ccu)
#define kIOReturnNotOpen		iokit_common_err(0x2cdu)
#define kIOReturnNotReadable		iokit_common_err(0x2ceu)
#define kIOReturnNotWritable		iokit_common_err(0x2cfu)
#define kIOReturnNotAligned		iokit_common_err(0x2d0u)
#define kIOReturnBadMedia		iokit_common_err(0x2d1u)
#define kIOReturnStillOpen		iokit_common_err(0x2d2u)
#define kIOReturnRLDError		iokit_common_err(0x2d3u)
#define kIOReturnDMAError		iokit_common_err(0x2d4u)
#define kIOReturnBusy			iokit_common_err(0x2d5u)
#define kIOReturnTimeout		iokit_common_err(0x2d6u)
#define kIOReturnOffline		iokit_common_err(0x2d7u)
#define kIOReturnNotReady		iokit_common_err(0x2d8u)
#define kIOReturnNotAttached		iokit_common_err(0x2d9u)
#define kIOReturnNoChannels		iokit_common_err(0x2dau)
#define kIOReturnNoSpace		iokit_common_err(0x2dbu)
#define kIOReturnPortExists		iokit_common_err(0x2ddu)
#define kIOReturnCannotWire		iokit_common_err(0x2deu)
#define kIOReturnNoInterrupt		iokit_common_err(0x2dfu)
#define kIOReturnNoFrames		iokit_common_err(0x2e0u)
#define kIOReturnMessageTooLarge	iokit_common_err(0x2e1u)
#define kIOReturnNotPermitted		iokit_common_err(0x2e2u)
#define kIOReturnNoPower		iokit_common_err(0x2e3u)
#define kIOReturnNoMedia		iokit_common_err(0x2e4u)
#define kIOReturnUnformattedMedia	iokit_common_err(0x2e5u)
#define kIOReturnUnsupportedMode	iokit_common_err(0x2e6u)
#define kIOReturnUnderrun		iokit_common_err(0x2e7u)
#define kIOReturnOverrun		iokit_common_err(0x2e8u)
#define kIOReturnDeviceError		iokit_common_err(0x2e9u)
#define kIOReturnNoCompletion		iokit_common_err(0x2eau)
#define kIOReturnAborted		iokit_common_err(0x2ebu)
#define kIOReturnNoBandwidth		iokit_common_err(0x2ecu)
#define kIOReturnNotResponding		iokit_common_err(0x2edu)
#define kIOReturnIsoTooOld		iokit_common_err(0x2eeu)
#define kIOReturnIsoTooNew		iokit_common_err(0x2efu)
#define kIOReturnNotFound		iokit_common_err(0x2f0u)

/* Mach's own errors that IOKit's memory functions return. */
#define KERN_SUCCESS			((kern_return_t)0)
#define KERN_INVALID_ADDRESS		((kern_return_t)1)
#define KERN_PROTECTION_FAILURE		((kern_return_t)2)
#define KERN_NO_SPACE			((kern_return_t)3)
#define KERN_INVALID_ARGUMENT		((kern_return_t)4)
#define KERN_FAILURE			((kern_return_t)5)
#define KERN_RESOURCE_SHORTAGE		((kern_return_t)6)
#define KERN_MEMORY_ERROR		((kern_return_t)10)
#define KERN_INVALID_TASK		((kern_return_t)16)
#define KERN_INVALID_RIGHT		((kern_return_t)17)
#define KERN_INVALID_VALUE		((kern_return_t)18)
#define KERN_NOT_SUPPORTED		((kern_return_t)46)

/**
 * struct iokit_error - an error in both numberings
 * @err: the errno
 * @ret: IOKit's number, or Mach's
 */
struct iokit_error {
	int err;
	IOReturn ret;
};

/*
 * Return a table of all errors of iokmem's functions and ioctls, and of IOKit's memory
 * functions. If several lines are about one error, the first line says how it is converted.
 * Converting an error to the other numbering and back gives the error again, except for:
 *
 *  - errors that Mach and IOKit both have a number for: KERN_PROTECTION_FAILURE, _FAILURE,
 *    _INVALID_ARGUMENT, _INVALID_RIGHT, _INVALID_VALUE, _MEMORY_ERROR and _NOT_SUPPORTED
 *    come back as IOKit's number
 *  - errors that Linux distinguishes and IOKit does not
 */
static inline const struct iokit_error *iokit_errors(size_t *nr)
{
	static const struct iokit_error errors[] = {
		{ 0,			kIOReturnSuccess },
		{ EIO,			kIOReturnError },
		{ ENOMEM,		kIOReturnNoMemory },
		{ ENOBUFS,		kIOReturnNoResources },
		{ EINVAL,		kIOReturnBadArgument },
		{ EOPNOTSUPP,		kIOReturnUnsupported },
		{ ENXIO,		kIOReturnVMError },
		{ ENOTRECOVERABLE,	kIOReturnInternalError },
		{ ENOLCK,		kIOReturnCannotLock },
		{ EBADR,		kIOReturnNotReadable },
		{ EACCES,		kIOReturnNotWritable },
		{ EDOM,			kIOReturnNotAligned },
		{ EBUSY,		kIOReturnBusy },
		{ EBADFD,		kIOReturnNotReady },
		{ ENOTCONN,		kIOReturnNotAttached },
		{ ENOSPC,		kIOReturnNoSpace },
		{ EFAULT,		kIOReturnCannotWire },
		{ EMSGSIZE,		kIOReturnMessageTooLarge },
		{ EPERM,		kIOReturnNotPermitted },
		{ ENODATA,		kIOReturnUnderrun },
		{ ERANGE,		kIOReturnOverrun },
		{ ENODEV,		kIOReturnNoDevice },
		{ ENOENT,		kIOReturnNotFound },
		{ EINTR,		kIOReturnAborted },
		{ EPIPE,		kIOReturnIPCError },
		{ EBADMSG,		kIOReturnBadMessageID },
		{ EADDRNOTAVAIL,	KERN_INVALID_ADDRESS },
		{ EEXIST,		KERN_NO_SPACE },
		{ EAGAIN,		KERN_RESOURCE_SHORTAGE },
		{ ESRCH,		KERN_INVALID_TASK },

		{ EALREADY,		kIOReturnNotReady },
		{ EDEADLK,		kIOReturnCannotLock },
		{ ENOTUNIQ,		kIOReturnNotPermitted },
		{ EOVERFLOW,		kIOReturnBadArgument },
		{ EBADF,		kIOReturnBadArgument },
		{ E2BIG,		kIOReturnBadArgument },
		{ ENOTTY,		kIOReturnUnsupported },
		{ EXDEV,		kIOReturnUnsupported },
		{ EMFILE,		kIOReturnNoResources },
		{ ENFILE,		kIOReturnNoResources },

		{ EACCES,		KERN_PROTECTION_FAILURE },
		{ EINVAL,		KERN_INVALID_ARGUMENT },
		{ EINVAL,		KERN_INVALID_VALUE },
		{ EIO,			KERN_FAILURE },
		{ EIO,			KERN_MEMORY_ERROR },
		{ EIO,			kIOReturnIOError },
		{ EPERM,		KERN_INVALID_RIGHT },
		{ EPERM,		kIOReturnNotPrivileged },
		{ EBUSY,		kIOReturnExclusiveAccess },
		{ EOPNOTSUPP,		KERN_NOT_SUPPORTED },
	};

	*nr = sizeof(errors) / sizeof(errors[0]);
	return errors;
}

/**
 * iokit_from_errno - convert an errno to IOKit's error number
 * @err: an errno, or a negative errno as functions in the kernel return it, or 0
 *
 * Return: IOKit's number; kIOReturnError for an errno that iokmem does not use.
 */
static inline IOReturn iokit_from_errno(int err)
{
	const struct iokit_error *errors;
	size_t i, nr;

	errors = iokit_errors(&nr);
	for (i = 0; i < nr; i++)
		if (errors[i].err == err || errors[i].err == -(long long)err)
			return errors[i].ret;
	return kIOReturnError;
}

/**
 * iokit_to_errno - convert IOKit's error number to an errno
 * @ret: IOKit's number
 *
 * Return: an errno, as a positive number, or 0; EIO for a number that is not in the table.
 */
static inline int iokit_to_errno(IOReturn ret)
{
	const struct iokit_error *errors;
	size_t i, nr;

	errors = iokit_errors(&nr);
	for (i = 0; i < nr; i++)
		if (errors[i].ret == ret)
			return errors[i].err;
	return EIO;
}

#endif /* _IOKIT_IORETURN_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of IOKit's errors, from which the tests of both headers, for drivers and for
 * programs, take their expected values.
 */
#ifndef _IOKMEM_IOKIT_ERRORS_H
#define _IOKMEM_IOKIT_ERRORS_H

/**
 * struct expected_return - an error of IOKit's
 * @name: its name
 * @ret: as the header has it
 * @number: as IOKit has it
 * @err: what it is for Linux
 * @back: what that is for IOKit, as the header has it
 */
struct expected_return {
	const char *name;
	IOReturn ret;
	unsigned int number;
	int err;
	IOReturn back;
};

/* The translation back gives the error. */
#define SAME(name, number, err)		{ #name, name, number, err, name }
/* The translation back gives another error. */
#define OTHER(name, number, err, back)	{ #name, name, number, err, back }
/* The error has nothing to do with memory. */
#define NO_ERRNO(name, number)		{ #name, name, number, EIO, kIOReturnError }

static const struct expected_return expected_returns[] = {
	/* Errors of IOKit's memory. */
	SAME(kIOReturnSuccess,			0,		0),
	SAME(kIOReturnError,			0xe00002bc,	EIO),
	SAME(kIOReturnNoMemory,			0xe00002bd,	ENOMEM),
	SAME(kIOReturnNoResources,		0xe00002be,	ENOBUFS),
	SAME(kIOReturnBadArgument,		0xe00002c2,	EINVAL),
	SAME(kIOReturnUnsupported,		0xe00002c7,	EOPNOTSUPP),
	SAME(kIOReturnVMError,			0xe00002c8,	ENXIO),
	SAME(kIOReturnInternalError,		0xe00002c9,	ENOTRECOVERABLE),
	SAME(kIOReturnCannotLock,		0xe00002cc,	ENOLCK),
	SAME(kIOReturnNotReadable,		0xe00002ce,	EBADR),
	SAME(kIOReturnNotWritable,		0xe00002cf,	EACCES),
	SAME(kIOReturnNotAligned,		0xe00002d0,	EDOM),
	SAME(kIOReturnBusy,			0xe00002d5,	EBUSY),
	SAME(kIOReturnNotReady,			0xe00002d8,	EBADFD),
	SAME(kIOReturnNotAttached,		0xe00002d9,	ENOTCONN),
	SAME(kIOReturnNoSpace,			0xe00002db,	ENOSPC),
	SAME(kIOReturnCannotWire,		0xe00002de,	EFAULT),
	SAME(kIOReturnMessageTooLarge,		0xe00002e1,	EMSGSIZE),
	SAME(kIOReturnNotPermitted,		0xe00002e2,	EPERM),
	SAME(kIOReturnUnderrun,			0xe00002e7,	ENODATA),
	SAME(kIOReturnOverrun,			0xe00002e8,	ERANGE),
	SAME(KERN_SUCCESS,			0,		0),
	SAME(KERN_INVALID_ADDRESS,		1,		EADDRNOTAVAIL),
	OTHER(KERN_PROTECTION_FAILURE,		2,		EACCES, kIOReturnNotWritable),
	SAME(KERN_NO_SPACE,			3,		EEXIST),
	OTHER(KERN_INVALID_ARGUMENT,		4,		EINVAL, kIOReturnBadArgument),
	OTHER(KERN_FAILURE,			5,		EIO, kIOReturnError),
	SAME(KERN_RESOURCE_SHORTAGE,		6,		EAGAIN),
	OTHER(KERN_MEMORY_ERROR,		10,		EIO, kIOReturnError),
	SAME(KERN_INVALID_TASK,			16,		ESRCH),
	OTHER(KERN_INVALID_RIGHT,		17,		EPERM, kIOReturnNotPermitted),
	OTHER(KERN_INVALID_VALUE,		18,		EINVAL, kIOReturnBadArgument),
	OTHER(KERN_NOT_SUPPORTED,		46,		EOPNOTSUPP, kIOReturnUnsupported),
	/* Errors of other parts of IOKit that have a counterpart. */
	SAME(kIOReturnIPCError,			0xe00002bf,	EPIPE),
	SAME(kIOReturnNoDevice,			0xe00002c0,	ENODEV),
	SAME(kIOReturnBadMessageID,		0xe00002c6,	EBADMSG),
	SAME(kIOReturnAborted,			0xe00002eb,	EINTR),
	SAME(kIOReturnNotFound,			0xe00002f0,	ENOENT),
	OTHER(kIOReturnNotPrivileged,		0xe00002c1,	EPERM, kIOReturnNotPermitted),
	OTHER(kIOReturnExclusiveAccess,		0xe00002c5,	EBUSY, kIOReturnBusy),
	/* All other errors. */
	NO_ERRNO(kIOReturnInvalid,		0xe0000001),
	NO_ERRNO(kIOReturnLockedRead,		0xe00002c3),
	NO_ERRNO(kIOReturnLockedWrite,		0xe00002c4),
	NO_ERRNO(kIOReturnIOError,		0xe00002ca),
	NO_ERRNO(kIOReturnNotOpen,		0xe00002cd),
	NO_ERRNO(kIOReturnBadMedia,		0xe00002d1),
	NO_ERRNO(kIOReturnStillOpen,		0xe00002d2),
	NO_ERRNO(kIOReturnRLDError,		0xe00002d3),
	NO_ERRNO(kIOReturnDMAError,		0xe00002d4),
	NO_ERRNO(kIOReturnTimeout,		0xe00002d6),
	NO_ERRNO(kIOReturnOffline,		0xe00002d7),
	NO_ERRNO(kIOReturnNoChannels,		0xe00002da),
	NO_ERRNO(kIOReturnPortExists,		0xe00002dd),
	NO_ERRNO(kIOReturnNoInterrupt,		0xe00002df),
	NO_ERRNO(kIOReturnNoFrames,		0xe00002e0),
	NO_ERRNO(kIOReturnNoPower,		0xe00002e3),
	NO_ERRNO(kIOReturnNoMedia,		0xe00002e4),
	NO_ERRNO(kIOReturnUnformattedMedia,	0xe00002e5),
	NO_ERRNO(kIOReturnUnsupportedMode,	0xe00002e6),
	NO_ERRNO(kIOReturnDeviceError,		0xe00002e9),
	NO_ERRNO(kIOReturnNoCompletion,		0xe00002ea),
	NO_ERRNO(kIOReturnNoBandwidth,		0xe00002ec),
	NO_ERRNO(kIOReturnNotResponding,	0xe00002ed),
	NO_ERRNO(kIOReturnIsoTooOld,		0xe00002ee),
	NO_ERRNO(kIOReturnIsoTooNew,		0xe00002ef),
};

/**
 * struct expected_errno - an errno of iokmem's that IOKit does not tell from another
 * @err: the errno
 * @ret: what it is for IOKit
 */
struct expected_errno {
	int err;
	IOReturn ret;
};

static const struct expected_errno expected_errnos[] = {
	{ EALREADY,	kIOReturnNotReady },
	{ EDEADLK,	kIOReturnCannotLock },
	{ ENOTUNIQ,	kIOReturnNotPermitted },
	{ EOVERFLOW,	kIOReturnBadArgument },
	{ EBADF,	kIOReturnBadArgument },
	{ E2BIG,	kIOReturnBadArgument },
	{ ENOTTY,	kIOReturnUnsupported },
	{ EXDEV,	kIOReturnUnsupported },
	{ EMFILE,	kIOReturnNoResources },
	{ ENFILE,	kIOReturnNoResources },
};

/* EHWPOISON is the last errno. */
#define LAST_ERRNO	133

#define NR_OF(array)	(sizeof(array) / sizeof((array)[0]))

/* Return the expected IOReturn of an errno. */
static inline IOReturn expected_of_errno(int err)
{
	unsigned int i;

	for (i = 0; i < NR_OF(expected_errnos); i++)
		if (expected_errnos[i].err == err)
			return expected_errnos[i].ret;
	for (i = 0; i < NR_OF(expected_returns); i++)
		if (expected_returns[i].err == err &&
		    expected_returns[i].ret == expected_returns[i].back)
			return expected_returns[i].ret;
	return kIOReturnError;
}

#endif /* _IOKMEM_IOKIT_ERRORS_H */

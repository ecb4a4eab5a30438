/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What programs use of iokmem_edu.c: the ioctls of /dev/iokmem-edu.
 *
 * Who opens it, for reading and writing, has a buffer of IOKMEM_EDU_BUFFER_SIZE bytes,
 * all zero, that the device can reach. It is the open file's: it goes with the last file
 * descriptor, the last map and the last fd of IOKMEM_EDU_GET_BUFFER.
 *
 * Structures start with their size, and are read, as those of <linux/iokmem.h>. Errors:
 *
 *  - ENODEV: the device has gone, or its driver. Maps stay: their memory is the buffer's.
 *  - EIO: the device does not answer
 *  - ERANGE: a range that passes the end of the buffer; more than the device has room for
 *  - EINVAL: a length of 0; ranges that overlap; a structure that is too small
 *  - EBUSY: the buffer is mapped already
 *  - EINTR: a signal came first
 *  - EACCES: opened for reading only, or for writing only
 *  - EILSEQ: the device has got other bytes than the buffer has
 *  - ENOTTY, EFAULT, E2BIG, EOPNOTSUPP, ENOMEM, EMFILE, ENFILE: as there
 */
#ifndef _IOKMEM_EDU_H
#define _IOKMEM_EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOKMEM_EDU_BUFFER_SIZE	16384u
/* What the device has room for. */
#define IOKMEM_EDU_ROOM		4095u

/**
 * struct iokmem_edu_get_buffer - argument of IOKMEM_EDU_GET_BUFFER
 * @size: sizeof(struct iokmem_edu_get_buffer)
 * @flags: IOKMEM_FD_READ_ONLY, or 0
 * @fd: out: the buffer's file descriptor, close-on-exec, for the ioctls of
 *	<linux/iokmem.h> and for other processes
 * @__reserved: must be 0
 */
struct iokmem_edu_get_buffer {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};

#define IOKMEM_EDU_GET_BUFFER	_IO(0xBD, 0xe0)

/**
 * struct iokmem_edu_map - argument of IOKMEM_EDU_MAP
 * @size: sizeof(struct iokmem_edu_map)
 * @__reserved: must be 0
 * @address: out: where the buffer is mapped
 * @length: out: in bytes
 *
 * Maps the buffer into the calling process, until that unmaps it (munmap()) or the file
 * is closed by all who have it.
 */
struct iokmem_edu_map {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 address;
	__aligned_u64 length;
};

#define IOKMEM_EDU_MAP		_IO(0xBD, 0xe1)

/**
 * struct iokmem_edu_copy - argument of IOKMEM_EDU_COPY
 * @size: sizeof(struct iokmem_edu_copy)
 * @__reserved: must be 0
 * @from: where in the buffer the bytes are
 * @to: where in the buffer they shall be
 * @length: how many. Out: how many have been copied: fewer if a signal came
 *
 * The device fetches the bytes and puts them back elsewhere.
 */
struct iokmem_edu_copy {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 from;
	__aligned_u64 to;
	__aligned_u64 length;
};

#define IOKMEM_EDU_COPY		_IO(0xBD, 0xe2)

/**
 * struct iokmem_edu_program - argument of IOKMEM_EDU_PROGRAM
 * @size: sizeof(struct iokmem_edu_program)
 * @__reserved: must be 0
 * @offset: where in the buffer the bytes are
 * @length: how many, at most IOKMEM_EDU_ROOM
 *
 * Loads the device with bytes that do not change meanwhile: whoever touches the map of
 * IOKMEM_EDU_MAP waits. What is mapped through IOKMEM_EDU_GET_BUFFER stays as it is; if
 * the bytes are changed there the device is loaded, and the error is EILSEQ.
 */
struct iokmem_edu_program {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
};

#define IOKMEM_EDU_PROGRAM	_IO(0xBD, 0xe3)

#endif /* _IOKMEM_EDU_H */

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The interface of iokmem_edu.c for programs: the ioctls of /dev/iokmem-edu.
 *
 * Each open file, for reading and writing, has a buffer of IOKMEM_EDU_BUFFER_SIZE bytes,
 * initially zero, that the device can reach. The buffer is freed with the last of the file
 * descriptors, the maps and the fds of IOKMEM_EDU_GET_BUFFER.
 *
 * Structures start with their size, and follow the rules of <linux/iokmem.h>. Errors:
 *
 *  - ENODEV: the device or its driver is gone. Maps stay: their memory is the buffer's.
 *  - EIO: the device does not answer
 *  - ERANGE: a range that passes the end of the buffer; more than the device has room for
 *  - EINVAL: a length of 0; ranges that overlap; a structure that is too small
 *  - EBUSY: the buffer is mapped already
 *  - EINTR: a signal came first
 *  - EACCES: the device was opened for reading only, or for writing only
 *  - EILSEQ: the device has loaded other bytes than the buffer has
 *  - ENOTTY, EFAULT, E2BIG, EOPNOTSUPP, ENOMEM, EMFILE, ENFILE: as in <linux/iokmem.h>
 */
#ifndef _IOKMEM_EDU_H
#define _IOKMEM_EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOKMEM_EDU_BUFFER_SIZE	16384u
/* Size of the device's own memory. */
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
 * Maps the buffer into the calling process. The map ends with munmap(), or when the last file
 * descriptor of the file is closed.
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
 * @from: offset of the bytes in the buffer
 * @to: offset of their copy in the buffer
 * @length: number of bytes. Out: number of bytes copied, which is smaller if a signal came
 *
 * The device reads the bytes and writes them to @to.
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
 * @offset: offset of the bytes in the buffer
 * @length: number of bytes, at most IOKMEM_EDU_ROOM
 *
 * Loads the device with bytes that do not change meanwhile: an access to the map of
 * IOKMEM_EDU_MAP waits. Maps of the fd of IOKMEM_EDU_GET_BUFFER do not change. A write through
 * one of them while the device is being loaded gives the error EILSEQ.
 */
struct iokmem_edu_program {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
};

#define IOKMEM_EDU_PROGRAM	_IO(0xBD, 0xe3)

#endif /* _IOKMEM_EDU_H */

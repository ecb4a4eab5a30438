/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* For programs that use the sample driver iokmem_chardev.c. */
#ifndef _IOKMEM_CHARDEV_H
#define _IOKMEM_CHARDEV_H

#include <linux/ioctl.h>
#include <linux/iokmem.h>

#define IOKMEM_CHARDEV_SIZE	0x100000	/* bytes that can be mapped */

/*
 * Return a file descriptor of a dma-buf of the buffer. It is read-only if the device was opened
 * to read.
 */
#define IOKMEM_CHARDEV_GET_DMA_BUF	_IO('i', 0x80)

/*
 * Copy the program's own memory to the start of the buffer. Takes a struct iokmem_address_range.
 * EACCES if the device was opened to read, ERANGE if the buffer is shorter.
 */
#define IOKMEM_CHARDEV_STORE		_IO('i', 0x81)

/* Types of IOKMEM_CLIENT_MEMORY: the buffer, and the buffer to read. */
#define IOKMEM_CHARDEV_BUFFER	0
#define IOKMEM_CHARDEV_VIEW	1

#endif /* _IOKMEM_CHARDEV_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the size of a video frame, and content that shows who wrote it: for tests of
 * dma-bufs with other drivers.
 */
#ifndef _DMABUF_FRAMES_H
#define _DMABUF_FRAMES_H

#include "dmabuf_devices.h"

#define INOUT		IOKMEM_DIRECTION_INOUT
#define OUT		IOKMEM_DIRECTION_OUT
#define RO		IOKMEM_FD_READ_ONLY
#define CAPTURE		V4L2_BUF_TYPE_VIDEO_CAPTURE
#define OUTPUT		V4L2_BUF_TYPE_VIDEO_OUTPUT
#define VIVID		"platform:vivid-000"	/* has memory from vmalloc() */
#define VIVID_DMA	"platform:vivid-001"	/* has contiguous memory */

#define SIZE		(43 * PAGE)	/* of a frame, in whole pages */

/* Fill memory with values that tell the writer and the offset. */
static inline void sign(char *bytes, size_t length, uint32_t name)
{
	size_t at;

	for (at = 0; at < length; at += sizeof(name))
		*(volatile uint32_t *)(bytes + at) = name + at;
}

static inline bool is_signed(const char *bytes, size_t length, uint32_t name)
{
	size_t at;

	for (at = 0; at < length; at += sizeof(name))
		if (*(const volatile uint32_t *)(bytes + at) != name + at)
			return false;
	return true;
}

#define THEIRS	0x7e300000u
#define OURS	0x01d00000u

static inline bool is_same_file(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_ino == sb.st_ino &&
	       sa.st_dev == sb.st_dev;
}

static inline bool is_of_kind(int fd, const char *kind)
{
	char path[64], needle[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(needle, sizeof(needle), "iokmem-kind:\t%s", kind);
	return count_lines(path, needle) == 1;
}

static inline int open_device(void)
{
	return open(DEVICE, O_RDWR | O_CLOEXEC);
}

#endif /* _DMABUF_FRAMES_H */

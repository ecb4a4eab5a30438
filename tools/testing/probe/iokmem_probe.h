/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_H
#define _IOKMEM_PROBE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct iokmem_probe - a page table entry
 * @present: if false, the other members mean nothing
 * @write: writable
 * @exec: executable
 * @huge: a huge one
 * @cache: IOKMEM_MAP_*_CACHE
 * @pfn: the frame of the address itself, even in a huge entry
 */
struct iokmem_probe {
	__u32 present;
	__u32 write;
	__u32 exec;
	__u32 huge;
	__u64 cache;
	__u64 pfn;
};

/* The content and the length of the buffer that iokmem_probe/outside maps. */
#define IOKMEM_PROBE_TEXT	"mapped from outside"
#define IOKMEM_PROBE_LENGTH	sizeof(IOKMEM_PROBE_TEXT)

/**
 * struct iokmem_probe_outside - a map that was made from outside the process
 * @address: of the map
 * @length: in bytes
 */
struct iokmem_probe_outside {
	__u64 address;
	__u64 length;
};

/*
 * A driver's device. An open file of the device keeps a task, which at first is the task
 * that has opened it, and can have one map at a time.
 */
#define IOKMEM_PROBE_DEVICE	"iokmem-probe"

/* Leave the work to a worker. IOKMEM_PROBE_PUT and IOKMEM_PROBE_UNMAP do not wait for it. */
#define IOKMEM_PROBE_IN_WORKER	1u

/**
 * struct iokmem_probe_map - argument of IOKMEM_PROBE_MAP
 * @fd: of the descriptor
 * @options: IOKMEM_MAP_*
 * @address: in: as for iokmem_desc_create_mapping_in_task(). Out: where the map is
 * @offset: in bytes
 * @length: in bytes
 * @flags: IOKMEM_PROBE_IN_WORKER, or 0
 * @__reserved: not used
 */
struct iokmem_probe_map {
	__s32 fd;
	__u32 options;
	__u64 address;
	__u64 offset;
	__u64 length;
	__u32 flags;
	__u32 __reserved;
};

/* Choices of what mmap() of the device does. */
#define IOKMEM_PROBE_FORWARD_READ_ONLY	1u	/* forward to a descriptor's read-only file */
#define IOKMEM_PROBE_MAP_IN_MMAP	2u	/* request a map there, and return the error */
#define IOKMEM_PROBE_MMAP		3u	/* iokmem_desc_mmap() */
#define IOKMEM_PROBE_MMAP_READ_ONLY	4u	/* that, read-only */
#define IOKMEM_PROBE_MMAP_PINNABLE	5u	/* that, pinnable */

/**
 * struct iokmem_probe_show - argument of IOKMEM_PROBE_SHOW
 * @fd: file descriptor of the descriptor that mmap() of the device uses
 * @how: a choice of those above
 */
struct iokmem_probe_show {
	__s32 fd;
	__u32 how;
};

/**
 * struct iokmem_probe_prepare - argument of IOKMEM_PROBE_PREPARE
 * @address: of the first byte, in the caller's memory
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 * @__reserved: not used
 */
struct iokmem_probe_prepare {
	__u64 address;
	__u64 length;
	__u32 direction;
	__u32 __reserved;
};

/* The most ranges of IOKMEM_PROBE_RANGES. */
#define IOKMEM_PROBE_RANGES_MAX	8

/**
 * struct iokmem_probe_ranges - argument of IOKMEM_PROBE_RANGES
 * @nr: how many ranges
 * @options: as for iokmem_desc_with_address_ranges()
 * @flags: 0 or IOKMEM_FD_READ_ONLY, of the file
 * @__reserved: not used
 * @address: of the first byte of each range, in the caller's memory
 * @length: of each range, in bytes
 */
struct iokmem_probe_ranges {
	__u32 nr;
	__u32 options;
	__u32 flags;
	__u32 __reserved;
	__u64 address[IOKMEM_PROBE_RANGES_MAX];
	__u64 length[IOKMEM_PROBE_RANGES_MAX];
};

/**
 * struct iokmem_probe_buffer - argument of IOKMEM_PROBE_BUFFER
 * @capacity: in bytes
 * @options: of the buffer
 * @flags: IOKMEM_PROBE_FOR_KERNEL, or 0
 */
struct iokmem_probe_buffer {
	__u64 capacity;
	__u32 options;
	__u32 flags;
};

/* The buffer is for the kernel, which has an address of it. Nobody is charged. */
#define IOKMEM_PROBE_FOR_KERNEL	1u

/* The ways in which a driver uses memory. */
#define IOKMEM_PROBE_READ	1u	/* copy bytes out of it */
#define IOKMEM_PROBE_WRITE	2u	/* write zeroes to it */
#define IOKMEM_PROBE_HOLD	3u	/* prepare and complete it */
#define IOKMEM_PROBE_MAP_KERNEL	4u	/* map it into the kernel, and put the map */
#define IOKMEM_PROBE_MAP_DMA	5u	/* prepare a DMA command of the edu device */
#define IOKMEM_PROBE_FLUSH	6u	/* flush the caches */
#define IOKMEM_PROBE_BLOCK	7u	/* block all maps of it in programs */
#define IOKMEM_PROBE_UNBLOCK	8u	/* unblock them */
/*
 * Map it into the kernel with guards, and look: returns ENXIO if something is mapped where the
 * guards should be, or nothing where the memory should be.
 */
#define IOKMEM_PROBE_GUARDED	9u

/**
 * struct iokmem_probe_use - argument of IOKMEM_PROBE_USE
 * @fd: of the descriptor
 * @how: IOKMEM_PROBE_READ, and so on
 * @offset: in bytes, for those that take a range
 * @length: in bytes, likewise
 */
struct iokmem_probe_use {
	__s32 fd;
	__u32 how;
	__u64 offset;
	__u64 length;
};

/* Have the driver map into the task that the file keeps. */
#define IOKMEM_PROBE_MAP	_IO(0xBE, 0)
/* Have the driver put the map, or unmap and put it. The argument is flags. */
#define IOKMEM_PROBE_PUT	_IO(0xBE, 1)
#define IOKMEM_PROBE_UNMAP	_IO(0xBE, 2)
/* Wait until the worker has done so. */
#define IOKMEM_PROBE_WAIT	_IO(0xBE, 3)
/* Make the file keep the calling thread from now on. */
#define IOKMEM_PROBE_KEEP_TASK	_IO(0xBE, 4)
/* Have a worker hold the caller's mmap lock, for reading, for so many milliseconds. */
#define IOKMEM_PROBE_HOLD_LOCK	_IO(0xBE, 5)
#define IOKMEM_PROBE_SHOW	_IO(0xBE, 6)
/* Return a file descriptor of memory of the edu device that has a driver. The argument is: */
#define IOKMEM_PROBE_COHERENT	1u	/* a coherent buffer */
#define IOKMEM_PROBE_REGISTERS	2u	/* its registers */
#define IOKMEM_PROBE_DEVICE_MEMORY	_IO(0xBE, 7)
/* Have the driver prepare a range of the caller's memory, and complete it. */
#define IOKMEM_PROBE_PREPARE	_IO(0xBE, 8)
/*
 * Have a worker make a buffer that the task which the file keeps is charged for. Returns a
 * file descriptor of it.
 */
#define IOKMEM_PROBE_BUFFER	_IO(0xBE, 9)
/* Mark the frame that the argument names as lost by the hardware; return 1 if it is marked. */
#define IOKMEM_PROBE_POISON	_IO(0xBE, 10)
#define IOKMEM_PROBE_IS_POISONED	_IO(0xBE, 11)
/* Have the driver use a descriptor's memory. */
#define IOKMEM_PROBE_USE	_IO(0xBE, 12)
/* Return the NUMA node of the frame that the argument names. */
#define IOKMEM_PROBE_NODE	_IO(0xBE, 13)
/*
 * Return a file descriptor of a dma-buf that has no kernel address, and so many pages. Page i is
 * filled with bytes i.
 */
#define IOKMEM_PROBE_OPAQUE	_IO(0xBE, 14)
#define IOKMEM_PROBE_OPAQUE_PAGES	4
/* Return a file descriptor of a file whose ioctls do nothing and return 0. */
#define IOKMEM_PROBE_SILENT	_IO(0xBE, 15)
/* Have the driver describe ranges of the caller's memory. Returns a file descriptor. */
#define IOKMEM_PROBE_RANGES	_IO(0xBE, 16)

/* A device that is no descriptor. All its ioctls return 0, and it answers IOKMEM_QUERY_BUFFER. */
#define IOKMEM_PROBE_IMPOSTOR	"iokmem-impostor"

/*
 * A device with a shared queue for each open file. The queue's memory is type 0. write() has the
 * driver add an entry, and read() has it take one.
 */
#define IOKMEM_PROBE_QUEUE	"iokmem-queue"
#define IOKMEM_PROBE_QUEUE_SIZE	1024u	/* bytes for entries */
/* Say which eventfd is told of entries, or -1. */
#define IOKMEM_PROBE_QUEUE_EVENT	_IO(0xBE, 17)
/* Have the driver revoke the memory. */
#define IOKMEM_PROBE_QUEUE_REVOKE	_IO(0xBE, 18)
/* Return the length of the first entry. */
#define IOKMEM_PROBE_QUEUE_PEEK		_IO(0xBE, 19)

#endif /* _IOKMEM_PROBE_H */

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * iokmem - memory descriptors for Linux, after IOKit's.
 *
 * What programs use: the ioctls of /dev/iokmem and of the file descriptors it
 * gives out. The option values below serve in-kernel callers as well
 * (<linux/iokmem.h>).
 */
#ifndef _UAPI_LINUX_IOKMEM_H
#define _UAPI_LINUX_IOKMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: How the ioctls work
 *
 * IOKMEM_CREATE_BUFFER on /dev/iokmem makes a buffer descriptor and returns a
 * file descriptor for it; IOKMEM_CREATE_SUB and IOKMEM_CREATE_MULTI make others of
 * those there are, IOKMEM_WITH_DMA_BUF of other drivers' memory. All other ioctls are
 * made on such a file descriptor.
 * Another process gets the buffer by being passed the file descriptor, over a
 * Unix socket or by fork(). The memory lives as long as a file descriptor or a
 * map of it does.
 *
 * A map is known by its address and its length, as for munmap(). Maps belong to
 * the process's address space: they are not inherited over fork(), and end with
 * munmap() of the whole map, exec and exit. Part of a map can be neither
 * unmapped nor protected on its own, and a map can be neither moved nor resized:
 * munmap() and mprotect() then fail with EINVAL, mremap() with EINVAL or EFAULT.
 * mmap() of the file descriptor works too (MAP_SHARED only) and makes a map of
 * its own, of whole pages, as with IOKMEM_MAP_UNIQUE.
 *
 * Every structure starts with its size in bytes, set by the caller. A larger
 * structure than the kernel knows is accepted when the rest is zero, a smaller
 * one when it has all that the ioctl's first version had. After any error
 * nothing has changed: nothing is allocated, mapped or lost.
 *
 * Errors have one meaning each:
 *
 *  - ENOTTY: this file descriptor has no such ioctl
 *  - EFAULT: the argument cannot be read or written
 *  - E2BIG: the structure is larger than the kernel's and the rest is not zero
 *  - EOPNOTSUPP: an option, flag or cache mode that is unknown or not provided
 *    here, or a reserved field that is not zero; memory that no dma-buf can be made of,
 *    or a dma-buf whose exporter does not let it be used so; flock() and locks of fcntl()
 *  - EINVAL: a value that makes no sense: a structure that is too small, a
 *    capacity of 0, an alignment that is not a power of two, a mask with ones in
 *    several places, a length above the capacity, an unaligned fixed address, an
 *    offset without a length, an address given with IOKMEM_MAP_ANYWHERE, a buffer that
 *    is to be mapped at once without that, options that contradict each other, members
 *    that do not fit together page by page, a map that would be overwritten in part,
 *    memory that a map is redirected to at another place in its page
 *  - EOVERFLOW: a capacity, or an offset plus a length, that wraps around
 *  - ERANGE: a range that passes the end of the buffer; an alignment larger than
 *    all memory, a mask that nothing fits
 *  - ENOMEM: the memory, or the address space, is not to be had
 *  - EPERM: the buffer would pass the user's RLIMIT_MEMLOCK (raise it, or have
 *    CAP_IPC_LOCK); contiguous memory of more than a block of the page allocator's
 *    (4 MiB on most machines), which no memory cgroup can be charged with (have
 *    CAP_SYS_ADMIN); memory mapped for execution; sealed memory (mseal()) that would be
 *    overwritten
 *  - EACCES: a writable map, or a change, through a read-only file descriptor; a map
 *    of part of a page, where the rest is not of the descriptor's memory; a writable
 *    map of pageable memory that has to stay in memory for it, while it does so for
 *    read-only maps; a dma-buf that can only be read, in another direction than out
 *  - EBUSY: another cache mode, of memory that is mapped, prepared or pinned
 *  - EBADFD: entries that are to be there from the start, of pageable memory that is
 *    not prepared
 *  - ENOTUNIQ: a map that is to be redirected is not Unique
 *  - ENODATA: a map is to be redirected to memory that has been emptied
 *  - EBADF: a file descriptor that is to be a member is not of this kind, or one that
 *    is to be a dma-buf is none
 *  - ENOSPC: more than 1024 members
 *  - EEXIST: something else is mapped at the fixed address
 *  - EADDRNOTAVAIL: a fixed address outside what the process can use
 *  - ENOENT: no such map (any more), or IOKMEM_MAP_REFERENCE found none
 *  - EMFILE, ENFILE: the process, or the system, has no room for a file descriptor
 *  - EAGAIN: the process locks what it maps (mlockall(MCL_FUTURE)), and
 *    RLIMIT_MEMLOCK has no room for it; or another thread unmaps the new map again and
 *    again while it is being made
 *  - EINTR: a fatal signal arrived first; or any, while the memory of a dma-buf was
 *    awaited
 */

/* The number 0xBD is free in Documentation/userspace-api/ioctl. */
#define IOKMEM_IOC_TYPE	0xBD

/*
 * Direction of a buffer, as a device sees it: In is from the device into
 * memory, Out is from memory to the device. In the options of a buffer.
 */
#define IOKMEM_DIRECTION_NONE		0x00000000u
#define IOKMEM_DIRECTION_IN		0x00000001u
#define IOKMEM_DIRECTION_OUT		0x00000002u
#define IOKMEM_DIRECTION_INOUT		0x00000003u
#define IOKMEM_DIRECTION_MASK		0x00000003u

/*
 * Options of a buffer.
 *
 * IOKMEM_PHYSICALLY_CONTIGUOUS: one block of physical memory.
 * IOKMEM_PAGEABLE: not wired: it can be swapped out, is charged to who touches it,
 *	and is nowhere before it is touched. It can be neither contiguous, nor aligned
 *	to more than a page, nor limited by a mask, nor of another cache mode than
 *	copyback.
 * IOKMEM_PURGEABLE: with IOKMEM_PAGEABLE: its content can be given up, see
 *	IOKMEM_SET_PURGEABLE.
 * IOKMEM_KERNEL_USER_SHARED: it can be mapped by the kernel and by user tasks, as
 *	all buffers can.
 */
#define IOKMEM_PHYSICALLY_CONTIGUOUS	0x00000010u
#define IOKMEM_PAGEABLE			0x00000020u
#define IOKMEM_PURGEABLE		0x00000040u
#define IOKMEM_KERNEL_USER_SHARED	0x00010000u

/*
 * Cache modes, in the options of a buffer and of a map. As a buffer's option,
 * default means copyback; as a map's, it means whatever the buffer has. A map's
 * other mode is given to the memory itself if nothing maps or holds it, and
 * otherwise refused with EBUSY.
 *
 * The comment beside each names the mode that it gives. On arm64 uncached RAM is
 * Normal-NC, as write-combined RAM is: writes may be gathered, and accesses need not be
 * aligned. On other architectures than x86 and arm64 RAM is copyback, and all else is
 * refused with EOPNOTSUPP. IOKMEM_QUERY_BUFFER and IOKMEM_QUERY_MAPPING tell the mode in
 * force.
 */
#define IOKMEM_MAP_CACHE_MASK			0x00000f00u
#define IOKMEM_MAP_CACHE_SHIFT			8
#define IOKMEM_MAP_DEFAULT_CACHE		0x00000000u
#define IOKMEM_MAP_INHIBIT_CACHE		0x00000100u	/* uncached */
#define IOKMEM_MAP_WRITE_THRU_CACHE		0x00000200u	/* uncached */
#define IOKMEM_MAP_COPYBACK_CACHE		0x00000300u	/* copyback */
#define IOKMEM_MAP_WRITE_COMBINE_CACHE		0x00000400u	/* write-combine */
#define IOKMEM_MAP_COPYBACK_INNER_CACHE		0x00000500u	/* copyback */
#define IOKMEM_MAP_POSTED_WRITE			0x00000600u	/* uncached */
#define IOKMEM_MAP_REAL_TIME_CACHE		0x00000700u	/* write-combine */
#define IOKMEM_MAP_POSTED_REORDERED		0x00000800u	/* uncached */
#define IOKMEM_MAP_POSTED_COMBINED_REORDERED	0x00000900u	/* uncached */

/* States of purgeable memory. */
#define IOKMEM_PURGEABLE_KEEP_CURRENT	1u
#define IOKMEM_PURGEABLE_NON_VOLATILE	2u
#define IOKMEM_PURGEABLE_VOLATILE	3u
#define IOKMEM_PURGEABLE_EMPTY		4u
#define IOKMEM_PURGEABLE_STATE_MASK	0x0000000fu

/*
 * Options of a map.
 *
 * IOKMEM_MAP_ANYWHERE: the kernel chooses the address. Without it the map is
 *	placed at the address given, which must be free.
 * IOKMEM_MAP_READ_ONLY: not writable, and mprotect() cannot make it so.
 * IOKMEM_MAP_PINNABLE: of ordinary pages, which the kernel can pin: for O_DIRECT,
 *	vmsplice(), io_uring's fixed buffers (Linux 6.5). Only of wired copyback
 *	memory. Shares with its like only. A page that is pinned keeps the block of
 *	memory that it is in, also when the buffer has gone.
 * IOKMEM_MAP_STATIC: a mapping that was made elsewhere; for drivers only.
 * IOKMEM_MAP_REFERENCE: only find a map that serves the request.
 * IOKMEM_MAP_UNIQUE: a map of its own, which shares with no other, and can be
 *	redirected.
 * IOKMEM_MAP_PREFAULT: no access to the map faults, from the start. Pageable memory
 *	must be prepared, which a driver can do.
 * IOKMEM_MAP_OVERWRITE: with an address: the map replaces whatever is there, as
 *	mmap() with MAP_FIXED does, unless that is a map that serves the request. It
 *	does not come back when the map is released: the addresses are free then. Where
 *	there is no memory for the map, what was there may be gone all the same.
 * IOKMEM_MAP_GUARDED_SMALL, _LARGE: a page, or 64 KiB, before and behind the map that
 *	nobody can touch (SIGSEGV). They are not counted in its length, and are
 *	unmapped with it: munmap() has to name them too. The address is the kernel's
 *	to choose. Shares with what has the same guards only.
 */
#define IOKMEM_MAP_ANYWHERE		0x00000001u
#define IOKMEM_MAP_READ_ONLY		0x00001000u
#define IOKMEM_MAP_PINNABLE		0x00100000u
#define IOKMEM_MAP_STATIC		0x01000000u
#define IOKMEM_MAP_REFERENCE		0x02000000u
#define IOKMEM_MAP_UNIQUE		0x04000000u
#define IOKMEM_MAP_PREFAULT		0x10000000u
#define IOKMEM_MAP_OVERWRITE		0x20000000u
#define IOKMEM_MAP_GUARDED_MASK		0xc0000000u
#define IOKMEM_MAP_GUARDED_SMALL	0x40000000u
#define IOKMEM_MAP_GUARDED_LARGE	0x80000000u

/**
 * struct iokmem_create_buffer - argument of IOKMEM_CREATE_BUFFER
 * @size: sizeof(struct iokmem_create_buffer)
 * @options: a direction, a cache mode, and the options of a buffer
 * @capacity: in bytes, at least 1
 * @alignment: of the first byte, in bytes: in memory, and wherever the whole
 *	buffer is mapped at an address of the kernel's choice. A power of two; 0
 *	means 1. More than a block of the page allocator's (4 MiB on most machines)
 *	makes the memory contiguous.
 * @fd: out: the buffer's file descriptor, close-on-exec
 * @map_options: 0; or the options of a map: the buffer is mapped into the calling process
 *	at once, all of it, as IOKMEM_CREATE_MAPPING would do with these, which include
 *	IOKMEM_MAP_ANYWHERE
 * @physical_mask: which bits the physical address of a byte may have; 0 means any.
 *	Zeroes above its ones limit the address; zeroes below are the alignment, and if
 *	that is more than a page the memory is contiguous.
 * @address: out: of the first byte of the map, if there is one
 *
 * The buffer's memory is zero, up to the end of its last page. It is wired unless it
 * is to be pageable. Its length is its capacity.
 */
struct iokmem_create_buffer {
	__u32 size;
	__u32 options;
	__aligned_u64 capacity;
	__aligned_u64 alignment;
	__s32 fd;
	__u32 map_options;
	__aligned_u64 physical_mask;
	__aligned_u64 address;
};

#define IOKMEM_CREATE_BUFFER	_IO(IOKMEM_IOC_TYPE, 0x00)

/**
 * struct iokmem_create_mapping - argument of IOKMEM_CREATE_MAPPING
 * @size: sizeof(struct iokmem_create_mapping)
 * @options: IOKMEM_MAP_*
 * @address: in: 0 with IOKMEM_MAP_ANYWHERE, otherwise where to map: the address
 *	of a page, or the address the first byte shall have. Out: the address of
 *	the first byte.
 * @offset: of the first byte in the buffer, in bytes
 * @length: in bytes; 0, with an offset of 0, means all of the buffer's length.
 *	Out: the length of the map
 *
 * Maps the range into the calling process, or shares what maps it already: the
 * same request gives the same address again, a range inside one that is mapped
 * gives an address inside that. Each call is undone by one IOKMEM_RELEASE_MAPPING.
 *
 * Whole pages are mapped: the rest of the first and the last page can be seen.
 */
struct iokmem_create_mapping {
	__u32 size;
	__u32 options;
	__aligned_u64 address;
	__aligned_u64 offset;
	__aligned_u64 length;
};

#define IOKMEM_CREATE_MAPPING	_IO(IOKMEM_IOC_TYPE, 0x01)

/**
 * struct iokmem_release_mapping - argument of IOKMEM_RELEASE_MAPPING
 * @size: sizeof(struct iokmem_release_mapping)
 * @__reserved: must be 0
 * @address: of the map
 * @length: of the map
 *
 * Undoes one IOKMEM_CREATE_MAPPING (or mmap()) of the calling process. The last reference
 * to the mapping unmaps the memory. If that is a driver's, the process does not see the
 * memory any more, and the addresses stay reserved: touching them is SIGBUS until the
 * process unmaps them, or until a later map of the memory is put there.
 */
struct iokmem_release_mapping {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 address;
	__aligned_u64 length;
};

#define IOKMEM_RELEASE_MAPPING	_IO(IOKMEM_IOC_TYPE, 0x02)

/**
 * struct iokmem_query_buffer - argument of IOKMEM_QUERY_BUFFER
 * @size: sizeof(struct iokmem_query_buffer)
 * @options: out: those the buffer was made with
 * @id: out: the number of the descriptor, as in debugfs and /proc/PID/maps
 * @capacity: out: in bytes
 * @length: out: in bytes
 * @alignment: out: in bytes
 * @cache_mode: out: the mode in force, IOKMEM_MAP_*_CACHE
 * @extents: out: how many extents (physical blocks) hold the memory; 0 if that is not
 *	settled
 * @maps: out: how many maps there are, in all address spaces
 * @access: out: IOKMEM_FD_READ_ONLY, or 0
 */
struct iokmem_query_buffer {
	__u32 size;
	__u32 options;
	__aligned_u64 id;
	__aligned_u64 capacity;
	__aligned_u64 length;
	__aligned_u64 alignment;
	__u32 cache_mode;
	__u32 extents;
	__u32 maps;
	__u32 access;
};

#define IOKMEM_QUERY_BUFFER	_IO(IOKMEM_IOC_TYPE, 0x03)

/**
 * struct iokmem_query_mapping - argument of IOKMEM_QUERY_MAPPING
 * @size: sizeof(struct iokmem_query_mapping)
 * @options: out: those the map was made with
 * @address: of the map
 * @length: of the map
 * @offset: out: of the map in the buffer, in bytes
 * @references: out: how many times this process has to release it
 * @cache_mode: out: the mode in force, IOKMEM_MAP_*_CACHE
 * @__reserved: must be 0
 */
struct iokmem_query_mapping {
	__u32 size;
	__u32 options;
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 offset;
	__aligned_u64 references;
	__u32 cache_mode;
	__u32 __reserved;
};

#define IOKMEM_QUERY_MAPPING	_IO(IOKMEM_IOC_TYPE, 0x04)

/**
 * struct iokmem_set_length - argument of IOKMEM_SET_LENGTH
 * @size: sizeof(struct iokmem_set_length)
 * @__reserved: must be 0
 * @length: in bytes, at most the buffer's capacity; 0 is allowed
 *
 * Maps that exist stay as they are.
 */
struct iokmem_set_length {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 length;
};

#define IOKMEM_SET_LENGTH	_IO(IOKMEM_IOC_TYPE, 0x05)

/* Rights of a file descriptor. */
#define IOKMEM_FD_READ_ONLY		0x00000001u

/**
 * struct iokmem_duplicate - argument of IOKMEM_DUPLICATE
 * @size: sizeof(struct iokmem_duplicate)
 * @flags: IOKMEM_FD_READ_ONLY: the new file descriptor gives read-only maps
 *	and cannot change the buffer. 0: the rights that this one has.
 * @fd: out: another file descriptor of the buffer, close-on-exec
 * @__reserved: must be 0
 */
struct iokmem_duplicate {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};

#define IOKMEM_DUPLICATE	_IO(IOKMEM_IOC_TYPE, 0x06)

/**
 * struct iokmem_set_purgeable - argument of IOKMEM_SET_PURGEABLE
 * @size: sizeof(struct iokmem_set_purgeable)
 * @state: IOKMEM_PURGEABLE_*
 *
 * Says what may become of the content of memory that was made with
 * IOKMEM_PURGEABLE. The ioctl returns the state until now, which is not 0.
 *
 * Volatile memory may be emptied when memory is short, the one that has been volatile
 * for longest first; it stays mapped, and is zero afterwards. Whoever needs the
 * content makes it non-volatile again, and learns from the old state whether it is
 * still there. Empty: it is not needed, and goes at once; empty memory that is made
 * volatile stays empty. KEEP_CURRENT only asks.
 */
struct iokmem_set_purgeable {
	__u32 size;
	__u32 state;
};

#define IOKMEM_SET_PURGEABLE	_IO(IOKMEM_IOC_TYPE, 0x07)

/**
 * struct iokmem_get_page_counts - argument of IOKMEM_GET_PAGE_COUNTS
 * @size: sizeof(struct iokmem_get_page_counts)
 * @__reserved: must be 0
 * @resident: out: how many pages are in memory
 * @dirty: out: how many of these exist nowhere else
 */
struct iokmem_get_page_counts {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 resident;
	__aligned_u64 dirty;
};

#define IOKMEM_GET_PAGE_COUNTS	_IO(IOKMEM_IOC_TYPE, 0x08)

/**
 * struct iokmem_create_sub - argument of IOKMEM_CREATE_SUB
 * @size: sizeof(struct iokmem_create_sub)
 * @options: a direction
 * @offset: of the first byte
 * @length: in bytes; 0 is allowed
 * @fd: out: the sub-descriptor's file descriptor, close-on-exec, with the rights
 *	that this one has
 * @__reserved: must be 0
 *
 * Makes a descriptor of part of this one's memory: who is given its file descriptor
 * can reach that part only. Its maps are shared with the maps of the whole. Whole
 * pages are mapped, so what is mapped has to be whole pages of the part.
 */
struct iokmem_create_sub {
	__u32 size;
	__u32 options;
	__aligned_u64 offset;
	__aligned_u64 length;
	__s32 fd;
	__u32 __reserved;
};

#define IOKMEM_CREATE_SUB	_IO(IOKMEM_IOC_TYPE, 0x09)

/**
 * struct iokmem_create_multi - argument of IOKMEM_CREATE_MULTI
 * @size: sizeof(struct iokmem_create_multi)
 * @options: a direction
 * @fds: a pointer to @nr_fds file descriptors (__s32) of descriptors, in order; one
 *	may be there more than once
 * @nr_fds: how many, at least 1
 * @fd: out: the multi-descriptor's file descriptor, close-on-exec; read-only if that
 *	of a member is
 *
 * On /dev/iokmem. Makes a descriptor of several ones' memory, one after the other. It
 * can be mapped (not by mmap()) as one range of addresses if every member but the
 * first begins with a page, and every one but the last ends with one. Pageable
 * members stay in memory while they are mapped in this way, and count for
 * RLIMIT_MEMLOCK.
 */
struct iokmem_create_multi {
	__u32 size;
	__u32 options;
	__aligned_u64 fds;
	__u32 nr_fds;
	__s32 fd;
};

#define IOKMEM_CREATE_MULTI	_IO(IOKMEM_IOC_TYPE, 0x0a)

/**
 * struct iokmem_redirect_mapping - argument of IOKMEM_REDIRECT_MAPPING
 * @size: sizeof(struct iokmem_redirect_mapping)
 * @options: a cache mode of the new memory's, as for IOKMEM_CREATE_MAPPING, or 0
 * @address: of the map
 * @length: of the map
 * @offset: of the new memory's first byte in its descriptor, in bytes; it must have
 *	the same place in its page as the old one's
 * @fd: the file descriptor of the new memory, or -1
 * @__reserved: must be 0
 *
 * On a file descriptor of the map's memory, or of that it was made with. The map,
 * made with IOKMEM_MAP_UNIQUE or mmap() and not pinnable, shows the new memory from
 * now on, at the same address; other maps of either memory do not change. From now on
 * it is a map of the new memory. Pageable memory that a map is redirected to stays in
 * memory, and counts for RLIMIT_MEMLOCK. What was made of pageable memory can show that
 * only as it was made: not at another offset, nor as part of a multi-descriptor
 * (EOPNOTSUPP).
 *
 * With -1 instead (and no offset and no options), a thread that touches the map sleeps
 * until the map is redirected to some memory, which may be the memory that it had, or
 * ends. Signals, debuggers and the freezer reach the thread. System calls that read or
 * write the map do not sleep: they fail with EFAULT.
 */
struct iokmem_redirect_mapping {
	__u32 size;
	__u32 options;
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 offset;
	__s32 fd;
	__u32 __reserved;
};

#define IOKMEM_REDIRECT_MAPPING	_IO(IOKMEM_IOC_TYPE, 0x0b)

/**
 * struct iokmem_unmap - argument of IOKMEM_UNMAP
 * @size: sizeof(struct iokmem_unmap)
 * @__reserved: must be 0
 * @address: of the map
 * @length: of the map
 *
 * Ends the map for all who share it, however many references they have. The memory is
 * unmapped at once; if the map lies inside another one, when that ends.
 */
struct iokmem_unmap {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 address;
	__aligned_u64 length;
};

#define IOKMEM_UNMAP		_IO(IOKMEM_IOC_TYPE, 0x0c)

/**
 * struct iokmem_get_dma_buf - argument of IOKMEM_GET_DMA_BUF
 * @size: sizeof(struct iokmem_get_dma_buf)
 * @flags: IOKMEM_FD_READ_ONLY: the dma-buf can only be read, as it is in any case if
 *	this file descriptor is read-only. 0: the rights that this one has.
 * @fd: out: the dma-buf's file descriptor, close-on-exec
 * @__reserved: must be 0
 *
 * Shares the memory with other drivers and their programs: of all of the length that the
 * descriptor has now, rounded up to pages. As long as the dma-buf is there, pageable
 * memory stays in memory, and counts for RLIMIT_MEMLOCK, and no memory gets another cache
 * mode. It can be mapped by mmap() where the descriptor can. Drivers that use it by
 * addresses of the kernel's, not by DMA, cannot use one that is read-only.
 *
 * Of a descriptor that was made with IOKMEM_WITH_DMA_BUF, this is the dma-buf that it was
 * made of; a writable one cannot be made read-only (EOPNOTSUPP).
 */
struct iokmem_get_dma_buf {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};

#define IOKMEM_GET_DMA_BUF	_IO(IOKMEM_IOC_TYPE, 0x0d)

/**
 * struct iokmem_with_dma_buf - argument of IOKMEM_WITH_DMA_BUF
 * @size: sizeof(struct iokmem_with_dma_buf)
 * @options: a direction; IOKMEM_DIRECTION_OUT if the dma-buf can only be read
 * @dma_buf: a file descriptor of a dma-buf
 * @fd: out: the descriptor's file descriptor, close-on-exec; read-only if the dma-buf can
 *	only be read
 *
 * On /dev/iokmem. Makes a descriptor of the memory of a dma-buf, which can be mapped (not by
 * mmap()) and be part of other descriptors. Its cache mode is the exporter's. Whoever uses
 * the memory while a device does, does so between the two calls of DMA_BUF_IOCTL_SYNC, on
 * the dma-buf.
 *
 * Of a dma-buf that was made with IOKMEM_GET_DMA_BUF, this is the descriptor that it was
 * made of; or, if that had a shorter length than its capacity then, a sub-descriptor.
 */
struct iokmem_with_dma_buf {
	__u32 size;
	__u32 options;
	__s32 dma_buf;
	__s32 fd;
};

#define IOKMEM_WITH_DMA_BUF	_IO(IOKMEM_IOC_TYPE, 0x0e)

#endif /* _UAPI_LINUX_IOKMEM_H */

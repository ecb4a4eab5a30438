/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * iokmem - memory descriptors for Linux, after IOKit's.
 *
 * This header is the interface for programs: the ioctls of /dev/iokmem, and of the file
 * descriptors that these ioctls create. Drivers use the option values as well
 * (<linux/iokmem.h>).
 */
#ifndef _UAPI_LINUX_IOKMEM_H
#define _UAPI_LINUX_IOKMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: How the ioctls work
 *
 * Four ioctls return a file descriptor for a new descriptor. IOKMEM_CREATE_BUFFER on
 * /dev/iokmem makes a buffer. IOKMEM_CREATE_SUB and IOKMEM_CREATE_MULTI make a descriptor of
 * existing descriptors, and IOKMEM_WITH_DMA_BUF makes one of another driver's memory.
 * IOKMEM_CLIENT_MEMORY, on the device of a driver that uses this module, returns a file
 * descriptor for a descriptor of the driver's. All other ioctls are called on a descriptor's file
 * descriptor.
 * Another process gets the buffer by receiving the file descriptor over a Unix socket, or
 * by inheriting it over fork(). The memory exists as long as a file descriptor or a map of
 * it does.
 *
 * A map is named by its address and its length, as for munmap(). Maps belong to the
 * process's address space. They are not inherited over fork(), and are removed by munmap()
 * of the whole map, exec and exit. Part of a map can be neither unmapped nor protected on
 * its own, and a map can be neither moved nor resized: munmap() and mprotect() then fail
 * with EINVAL, mremap() with EINVAL or EFAULT. mmap() of the file descriptor works too
 * (MAP_SHARED only). It makes a separate map of whole pages, as with IOKMEM_MAP_UNIQUE; and with
 * IOKMEM_MAP_PINNABLE, if the file descriptor was made with IOKMEM_FD_PINNABLE.
 * lseek() of the file descriptor to SEEK_END tells the length in bytes. poll() of it reports
 * POLLHUP once the memory has been revoked, and all maps have ended. /proc/PID/mem and ptrace()
 * read and write a map of wired memory with the map's own rights (on arm64, if it is copyback).
 *
 * A process may have a limited number of maps: as many as the module's parameter max_map_count
 * says, which is 65530 unless the administrator has changed it. All maps in its address space
 * count, of all buffers together: those inside other maps, those made by mmap(), and those that
 * drivers have made there. Each is charged to the memory cgroup of its maker. The kernel's own
 * limit of mappings, vm.max_map_count, applies besides. How many maps one process has does not
 * make the calls of another one slower, whatever both may do with them.
 *
 * mmap() of the file descriptor at an offset of 2^63 or more, which the module itself uses to
 * find addresses, makes a range of addresses without memory, whose touch is SIGBUS.
 *
 * Rights belong to file descriptors. A read-only one shows the memory, and allows no change of its
 * content, length, purgeable state or cache mode, and no revoke. It does not keep those who may
 * write from writing. A *window* is the file descriptor of part of the memory: of a
 * sub-descriptor, of a descriptor of a dma-buf from IOKMEM_GET_DMA_BUF, and of a
 * multi-descriptor that has such a member, even if it shows all of the memory. A program can use
 * its bytes, and change them if it is writable. A window does not allow what concerns all of
 * the memory: it changes neither the purgeable state nor the cache mode (EACCES), and counts its
 * own pages only. While a window is mapped or part of a dma-buf, the cache mode of the memory
 * stays as it is. Where pageable memory has to stay in memory for a window, the window's pages
 * stay, and count for RLIMIT_MEMLOCK. The rest can be swapped out and emptied.
 *
 * Every structure starts with its size in bytes, set by the caller. A structure larger than
 * the kernel's is accepted if the rest is zero, and the whole is at most a page. A smaller
 * structure is accepted if it has all members that the ioctl's first version had. After any
 * error nothing has changed: nothing is allocated, mapped or lost.
 *
 * Wired memory counts for the RLIMIT_MEMLOCK of the user who made it, for as long as it exists,
 * and so does the block that an alignment takes (see struct iokmem_create_buffer). Memory that
 * stays in memory because somebody holds it counts for each user whose programs hold it, by
 * whatever file descriptor, as long as they do; all of the memory, once for each user and
 * descriptor. The memory, and the tables by which the kernel finds it, are charged to the memory
 * cgroup of the process that has them made.
 *
 * A program that takes long to bring pageable memory in, because of its memory cgroup for example,
 * makes no other program wait for that, neither in an ioctl nor in a fault. While a cache mode is
 * being changed, other calls that ask for the mode, or change it, wait. A call that takes long,
 * because of the size of the memory, lets others run meanwhile. A call ends soon after a fatal
 * signal; if it has changed a part of the memory to another cache mode, it changes that back first.
 *
 * A program that receives a file descriptor can find out that it is a descriptor's, and not a file
 * whose ioctls another program answers (FUSE, CUSE). fstatfs() of a descriptor's file descriptor
 * gives the type ANON_INODE_FS_MAGIC (<linux/magic.h>), which no file of a program's has, and
 * IOKMEM_QUERY_BUFFER gives an id that is not 0.
 *
 * /proc/PID/fdinfo/FD tells of a descriptor's file descriptor FD, to those who may look at the
 * process: a line for each of iokmem-id, -kind, -capacity, -length, -resident, -charged, -cache,
 * -direction, -prepared, -extents, -maps, -held, -dma-bufs, -revoked and -rights, with a colon, a
 * tab and the value. A window also has iokmem-parent and -offset, and a multi-descriptor an
 * iokmem-member for each piece. Sizes are in bytes. Keys are only ever added.
 * Documentation/procfs.md tells more, also of /proc/iokmem, where the administrator sees all
 * descriptors and maps.
 *
 * If the hardware loses memory of a buffer, a touch of the lost page is SIGBUS
 * (BUS_MCEERR_AR, see sigaction(2)). The rest of the buffer can be used as before. Discarding
 * the content of purgeable memory that is not held replaces the page.
 *
 * Errors have one meaning each:
 *
 *  - ENOTTY: this file descriptor has no such ioctl
 *  - EFAULT: the argument cannot be read or written
 *  - E2BIG: the structure is larger than a page, or larger than the kernel's and the rest is
 *    not zero
 *  - EOPNOTSUPP: an option, flag or cache mode that is unknown or not provided
 *    here, or a reserved field that is not zero; memory that no dma-buf can be made of,
 *    or a dma-buf whose exporter does not allow this use; flock() and locks of fcntl()
 *  - EINVAL: a value that makes no sense: a structure that is too small, a
 *    capacity of 0, an alignment that is not a power of two, a mask whose ones are not
 *    contiguous, a length above the capacity, an unaligned fixed address, an
 *    offset without a length, an address together with IOKMEM_MAP_ANYWHERE, a buffer that
 *    is to be mapped at once without IOKMEM_MAP_ANYWHERE, options that contradict each
 *    other, a node that has no memory or that the cpuset forbids, members that do not fit
 *    together page by page, a map that would be overwritten in part, a map that is
 *    redirected to memory with another offset in its page, a type that a driver has no memory for
 *  - EOVERFLOW: a capacity, or an offset plus a length, that wraps around; more than 2^30
 *    references to one descriptor (file descriptors, members of multi-descriptors,
 *    sub-descriptors, dma-bufs), or as many things that need its memory to stay
 *  - ERANGE: a range that passes the end of the buffer; an alignment larger than
 *    all memory, a mask that no memory fits
 *  - ENOMEM: no memory, no room in the address space, or too many maps in it
 *  - EPERM: the memory would exceed the user's RLIMIT_MEMLOCK (have it raised, or have
 *    CAP_IPC_LOCK); a place that there is little memory at, by an alignment or a mask (have
 *    CAP_SYS_ADMIN); memory mapped for execution; sealed memory (mseal()) that would be
 *    overwritten; fchmod() and fchown() of a descriptor's file descriptor
 *  - EACCES: memory that is contiguous over more than a block of the page allocator (4 MiB on
 *    most machines), where no free blocks that are neighbours were found: other memory can be
 *    charged to no memory cgroup (have CAP_SYS_ADMIN); a
 *    writable map, or a change, through a read-only file descriptor; memory of a driver whose
 *    device is open for writing only; another purgeable state
 *    or cache mode through a window; a map of part of a page, where the rest is not the
 *    descriptor's memory; a dma-buf that can only be read, in another direction than out; a
 *    dma-buf that cannot be read; a revoke through a file descriptor that does not allow it
 *  - EBUSY: another cache mode, of memory that is mapped, prepared or pinned; a pinnable map by
 *    mmap(), while the cache mode is being changed
 *  - EBADFD: IOKMEM_MAP_PREFAULT, of pageable memory that is not prepared
 *  - ENOTUNIQ: a map that is to be redirected is not Unique
 *  - ENODATA: a map is to be redirected to memory that has been emptied
 *  - EBADF: a file descriptor that is to be a member is not a descriptor's, or one that
 *    is to be a dma-buf is not a dma-buf
 *  - ENOSPC: more than 1024 members
 *  - EEXIST: something else is mapped at the fixed address
 *  - EADDRNOTAVAIL: a fixed address outside what the process can use
 *  - EIO: pageable memory that has to stay in memory (for a dma-buf, a map of a
 *    multi-descriptor, or a redirected map) could not be read from swap, or the hardware has
 *    lost some of it; another cache mode, of memory that the hardware has lost some of; an
 *    exporter has failed to make a dma-buf ready
 *  - ENODEV: the memory has been revoked (IOKMEM_REVOKE), or its device has gone
 *  - ENOENT: no such map (any more), or IOKMEM_MAP_REFERENCE found none
 *  - EMFILE, ENFILE: the process, or the system, has no room for a file descriptor
 *  - EAGAIN: the process locks all memory that it maps (mlockall(MCL_FUTURE)), and the map
 *    exceeds RLIMIT_MEMLOCK; another thread unmaps the new map again and again while
 *    it is being made; or somebody empties purgeable memory again and again while it is
 *    brought in
 *  - EINTR: a fatal signal arrived; or any signal, during the wait for the memory of a
 *    dma-buf
 */

/* The number 0xBD is free in Documentation/userspace-api/ioctl. */
#define IOKMEM_IOC_TYPE	0xBD

/*
 * Direction of a buffer, in its options, as a device sees it: In is from the device into
 * memory, Out is from memory to the device. The kernel holds devices to it, not programs: who is
 * not to write the memory of an Out buffer gets a read-only file descriptor. (libiokmem passes
 * such a one on, unless told otherwise.) A buffer without a direction may be used for both.
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
 * IOKMEM_PAGEABLE: not wired: the memory can be swapped out. A page is allocated when a
 *	process first touches it, and charged to that process; or a huge page at a time, if
 *	the system allows that for shared memory (/sys/kernel/mm/transparent_hugepage/
 *	shmem_enabled). The memory can be neither contiguous, nor aligned to more than a
 *	page, nor limited by a mask, nor of another cache mode than copyback.
 * IOKMEM_PURGEABLE: with IOKMEM_PAGEABLE: the content can be discarded, see
 *	IOKMEM_SET_PURGEABLE.
 * IOKMEM_KERNEL_USER_SHARED: the kernel and user tasks can map the buffer, as they can
 *	any buffer.
 */
#define IOKMEM_PHYSICALLY_CONTIGUOUS	0x00000010u
#define IOKMEM_PAGEABLE			0x00000020u
#define IOKMEM_PURGEABLE		0x00000040u
#define IOKMEM_KERNEL_USER_SHARED	0x00010000u

/*
 * Cache modes, in the options of a buffer and of a map. The default mode of a buffer is
 * copyback. The default mode of a map is the mode that the buffer has. If a map asks for
 * another mode, the memory itself gets that mode, unless something maps or holds the
 * memory: then the map is refused with EBUSY. Read-only file descriptors and windows cannot
 * change the mode (EACCES). A request that fails changes the mode back if it has changed it
 * and no other request has named the new mode since.
 *
 * The comment beside each option names the mode that is in force with it. On arm64 uncached
 * RAM is Normal-NC, as write-combined RAM is: writes may be gathered, and accesses need not
 * be aligned. On other architectures than x86 and arm64 RAM is copyback, and any other mode
 * is refused with EOPNOTSUPP. IOKMEM_QUERY_BUFFER and IOKMEM_QUERY_MAPPING return the mode
 * in force.
 *
 * On x86, buffers of another mode than copyback that are smaller than a huge page are cut out of
 * one where there is a free one, so that the kernel maps its memory by large entries as before.
 * The memory cgroup is charged for all of the huge page, and its small buffers come out of it.
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
 * IOKMEM_MAP_PINNABLE: the map is of ordinary pages, which the kernel can pin: for
 *	O_DIRECT, vmsplice(), io_uring's fixed buffers (Linux 6.5). The memory must be wired
 *	and copyback. The map shares with pinnable maps only. A pinned page keeps the block
 *	of memory that it is in, and the charge for it, even after the buffer has been freed.
 * IOKMEM_MAP_STATIC: record a mapping that was made elsewhere; for drivers only.
 * IOKMEM_MAP_REFERENCE: only find a map that serves the request.
 * IOKMEM_MAP_UNIQUE: make a map that shares with no other map, and can be redirected.
 * IOKMEM_MAP_PREFAULT: fill the map, so that no access to it faults. Pageable memory must
 *	be prepared, which a driver can do. Maps of a range of addresses that is prepared, and in
 *	a map of pageable memory, can be filled as well.
 * IOKMEM_MAP_OVERWRITE: with an address: the map replaces whatever is mapped there, as
 *	mmap() with MAP_FIXED does, unless a map there serves the request. Releasing the
 *	map frees the addresses, and does not restore the old mapping. If there is no
 *	memory for the map, the old mapping may be lost nevertheless.
 * IOKMEM_MAP_GUARDED_SMALL, _LARGE: guards of a page, or of 64 KiB, before and behind the
 *	map. Touching a guard is SIGSEGV. Guards are not counted in the length of the map,
 *	and are unmapped with it: munmap() must include them. The kernel must choose the
 *	address. The map shares only with maps that have equal guards. Drivers can have them
 *	in the kernel, too, on x86 before Linux 6.18.
 */
#ifndef __IOKMEM_MAP
#define __IOKMEM_MAP(bits)		(bits)	/* <linux/iokmem.h> has another one for drivers */
#endif
#define IOKMEM_MAP_ANYWHERE		__IOKMEM_MAP(0x00000001u)
#define IOKMEM_MAP_READ_ONLY		__IOKMEM_MAP(0x00001000u)
#define IOKMEM_MAP_PINNABLE		__IOKMEM_MAP(0x00100000u)
#define IOKMEM_MAP_STATIC		__IOKMEM_MAP(0x01000000u)
#define IOKMEM_MAP_REFERENCE		__IOKMEM_MAP(0x02000000u)
#define IOKMEM_MAP_UNIQUE		__IOKMEM_MAP(0x04000000u)
#define IOKMEM_MAP_PREFAULT		__IOKMEM_MAP(0x10000000u)
#define IOKMEM_MAP_OVERWRITE		__IOKMEM_MAP(0x20000000u)
#define IOKMEM_MAP_GUARDED_MASK		__IOKMEM_MAP(0xc0000000u)
#define IOKMEM_MAP_GUARDED_SMALL	__IOKMEM_MAP(0x40000000u)
#define IOKMEM_MAP_GUARDED_LARGE	__IOKMEM_MAP(0x80000000u)

/**
 * struct iokmem_create_buffer - argument of IOKMEM_CREATE_BUFFER
 * @size: sizeof(struct iokmem_create_buffer)
 * @options: a direction, a cache mode, and the options of a buffer
 * @capacity: in bytes, at least 1
 * @alignment: of the first byte, in bytes: in memory, and wherever the whole
 *	buffer is mapped at an address of the kernel's choice. A power of two; 0
 *	means 1. The buffer takes at least a block of this size out of the page
 *	allocator, and is charged for it, since nobody else can use the block as one.
 *	More than a huge page (2 MiB on most machines) needs CAP_SYS_ADMIN; then only
 *	the capacity is charged. More than a block of the page allocator (4 MiB on most
 *	machines) makes the memory contiguous.
 * @fd: out: the buffer's file descriptor, close-on-exec
 * @map_options: 0; or the options of a map of all of the buffer, which is made in the
 *	calling process at once, as IOKMEM_CREATE_MAPPING would make it. The options must
 *	include IOKMEM_MAP_ANYWHERE.
 * @physical_mask: which bits the physical address of a byte may have; 0 means any.
 *	Zeroes above its ones limit the address; zeroes below are the alignment. If the
 *	alignment is more than a page, the memory is contiguous. A mask that only memory
 *	below 4 GiB fits, or not all of the machine's memory, needs CAP_SYS_ADMIN.
 * @address: out: of the first byte of the map, if there is one
 * @node: 0; or 1 plus the number of the NUMA node that all of the memory has to be on. Without
 *	it the memory is where the caller's memory policy and cpuset say. Pageable memory
 *	cannot have a node: its pages are where the tasks that touch them say.
 * @__reserved: must be 0
 *
 * The buffer's memory is zero up to the end of its last page. The memory is wired, unless
 * @options have IOKMEM_PAGEABLE. The buffer's length is its capacity.
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
	__u32 node;
	__u32 __reserved;
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
 * Maps the range into the calling process, or shares a mapping that serves the request.
 * Equal requests return one address. A request for a range inside a mapped range returns an
 * address inside that range. One IOKMEM_RELEASE_MAPPING undoes one call.
 *
 * A driver may give out a file descriptor of memory that the process has at some addresses
 * anyway. The answer can be these addresses then. There is nothing to undo in this case, and
 * IOKMEM_RELEASE_MAPPING fails with ENOENT.
 *
 * Whole pages are mapped, so the rest of the first and of the last page is visible.
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
 * Undoes one IOKMEM_CREATE_MAPPING (or mmap()) of the calling process. Dropping the last
 * reference to the mapping unmaps the memory. If a driver drops the last reference, the
 * process no longer sees the memory, but the addresses stay reserved: touching them is
 * SIGBUS until the process unmaps them, or until a later map of the memory is made there.
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
 * @options: out: the options that the buffer was made with
 * @id: out: the number of the descriptor, as in /proc/PID/fdinfo and /proc/PID/maps
 * @capacity: out: in bytes
 * @length: out: in bytes
 * @alignment: out: in bytes
 * @cache_mode: out: the mode in force, IOKMEM_MAP_*_CACHE
 * @extents: out: number of extents (physical blocks) of the memory; 0 if the memory has no
 *	fixed place
 * @maps: out: number of maps, in all address spaces
 * @access: out: IOKMEM_FD_READ_ONLY and IOKMEM_FD_PINNABLE, if the file descriptor is so
 * @offset: out: of a sub-descriptor: where it begins in the memory that it is a part of, in
 *	bytes; 0 if it is no part
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
	__aligned_u64 offset;
};

#define IOKMEM_QUERY_BUFFER	_IO(IOKMEM_IOC_TYPE, 0x03)

/**
 * struct iokmem_query_mapping - argument of IOKMEM_QUERY_MAPPING
 * @size: sizeof(struct iokmem_query_mapping)
 * @options: out: the options that the map was made with
 * @address: of the map
 * @length: of the map
 * @offset: out: of the map in the buffer, in bytes
 * @references: out: how often this process has to release the map
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
 * Existing maps do not change.
 */
struct iokmem_set_length {
	__u32 size;
	__u32 __reserved;
	__aligned_u64 length;
};

#define IOKMEM_SET_LENGTH	_IO(IOKMEM_IOC_TYPE, 0x05)

/*
 * Rights that a file descriptor is made without; and IOKMEM_FD_PINNABLE: what mmap() of it makes is
 * pinnable, as with IOKMEM_MAP_PINNABLE.
 */
#define IOKMEM_FD_READ_ONLY		0x00000001u
#define IOKMEM_FD_NO_REVOKE		0x00000002u
#define IOKMEM_FD_PINNABLE		0x00000004u

/**
 * struct iokmem_duplicate - argument of IOKMEM_DUPLICATE
 * @size: sizeof(struct iokmem_duplicate)
 * @flags: IOKMEM_FD_READ_ONLY: the new file descriptor allows read-only maps only, and
 *	no changes to the buffer, and so no revoke. IOKMEM_FD_NO_REVOKE: it does not allow
 *	IOKMEM_REVOKE. IOKMEM_FD_PINNABLE: mmap() of it makes pinnable maps, for programs that
 *	do not know these ioctls; the memory must be wired. 0: it is as this file descriptor.
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
 * Sets whether the kernel may discard the content of memory that was made with
 * IOKMEM_PURGEABLE. The ioctl returns the old state, which is not 0.
 *
 * IOKMEM_PURGEABLE_VOLATILE: the memory may be emptied when the machine is short of memory,
 * or a memory cgroup that pages of it are charged to. The buffer that has been volatile for
 * longest is emptied first. It stays mapped, and is zero afterwards, but for pages that a window
 * keeps in memory.
 * A program that needs the content makes the memory non-volatile again. The old state says
 * whether the content has survived. IOKMEM_PURGEABLE_EMPTY: the content is not needed, and
 * is discarded at once. Empty memory that is made volatile stays empty.
 * IOKMEM_PURGEABLE_KEEP_CURRENT: only return the state. Read-only file descriptors and windows
 * allow nothing else (EACCES). A multi-descriptor changes all its members.
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
 * @resident: out: number of pages in memory
 * @dirty: out: number of resident pages that are not known to be clean: a page is clean until
 *	it is written. Pages of wired memory, and of memory that stays in memory for somebody
 *	who may write it, count as dirty.
 *
 * Counts the pages of all the memory, whatever the length is. A window counts the pages that
 * its own bytes are in. Counting takes no page away from any process: nobody faults for it.
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
 *	of this file descriptor
 * @__reserved: must be 0
 *
 * Makes a descriptor of part of this descriptor's memory. A process that has only its file
 * descriptor can reach only that part, and has no rights to what concerns all of the memory,
 * even if the part is all of it: to hand on all rights, use IOKMEM_DUPLICATE. Its maps are
 * shared with the maps of the whole memory. Whole pages are mapped, so only whole pages of the
 * part can be mapped.
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
 * @fds: a pointer to @nr_fds file descriptors (__s32) of the members, in order; a member
 *	may occur more than once
 * @nr_fds: number of members, at least 1
 * @fd: out: the multi-descriptor's file descriptor, close-on-exec; read-only if that
 *	of a member is
 *
 * Called on /dev/iokmem. Makes a descriptor of the memory of its members, one after the
 * other. It can be mapped (not by mmap()) as one range of addresses if every member but the
 * first begins at the start of a page, and every member but the last ends at the end of a
 * page. A part of it can be mapped if that is so of the members in that part. A member that
 * continues the one before in one memory is one with it.
 *
 * Pageable members stay in memory while they are mapped in this way, and count for the
 * RLIMIT_MEMLOCK of each user who maps them.
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
 * @options: the cache mode that the new memory has to have, as for IOKMEM_CREATE_MAPPING,
 *	or 0
 * @address: of the map
 * @length: of the map
 * @offset: of the new memory's first byte in its descriptor, in bytes; the byte must have
 *	the same offset in its page as the map's old first byte
 * @fd: the file descriptor of the new memory, or -1
 * @__reserved: must be 0
 *
 * Called on a file descriptor of the memory that the map shows, or of the memory that it
 * was made with. The map must have been made with IOKMEM_MAP_UNIQUE or by mmap(), and must
 * not be pinnable. Its addresses show the new memory from now on, and it becomes a map of
 * the new memory. Other maps of either memory do not change. Pageable memory that a map is
 * redirected to stays in memory, and counts for RLIMIT_MEMLOCK. A map that was made of
 * pageable memory can show that memory only as it was made: not at another offset, and not
 * as part of a multi-descriptor (EOPNOTSUPP).
 *
 * If @fd is -1 (@offset and @options must then be 0), a thread that touches the map sleeps
 * until the map is redirected to some memory, which may be its old memory, or is unmapped.
 * Signals, debuggers and the freezer reach the thread. System calls that read or write the
 * map do not sleep but fail with EFAULT.
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
 * Unmaps the map for all who share it, however many references they have. The memory is
 * unmapped at once. If the map lies inside another map, the memory stays mapped until that
 * map is unmapped.
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
 * @flags: IOKMEM_FD_READ_ONLY: the dma-buf can only be read. 0: it has the rights of this
 *	file descriptor.
 * @fd: out: the dma-buf's file descriptor, close-on-exec
 * @__reserved: must be 0
 *
 * Shares the memory with other drivers and their programs. The dma-buf has the length that
 * the descriptor has now, rounded up to pages. As long as the dma-buf exists, pageable memory
 * stays in memory, and counts for the RLIMIT_MEMLOCK of the user who has called the ioctl, and
 * the cache mode of the memory cannot change. The dma-buf can be mapped by mmap() if the
 * descriptor can. Drivers that access a dma-buf by kernel addresses, not by DMA, cannot use a
 * read-only one.
 *
 * For a descriptor that was made with IOKMEM_WITH_DMA_BUF, the ioctl returns the dma-buf
 * that the descriptor was made of. If that is writable, it cannot be made read-only
 * (EOPNOTSUPP).
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
 * @dma_buf: a file descriptor of a dma-buf, open for reading
 * @fd: out: the descriptor's file descriptor, close-on-exec; read-only if the dma-buf can
 *	only be read
 *
 * Called on /dev/iokmem. Makes a descriptor of the memory of a dma-buf, which can be mapped
 * (not by mmap()) and be part of other descriptors. The exporter chooses the cache mode. If the
 * exporter gives the kernel no address of the memory, drivers can use it by DMA commands, and
 * programs can map it if the exporter has an mmap(): without guards, not PINNABLE, and not to be
 * redirected. All else is EOPNOTSUPP then. The exporter pins the memory while it is mapped, or
 * held otherwise, and so it counts for the RLIMIT_MEMLOCK of each user who maps or holds it. A
 * descriptor is revoked, as by IOKMEM_REVOKE, when the exporter takes the memory back. A program
 * that uses the memory while a device does must do so between the two calls of
 * DMA_BUF_IOCTL_SYNC, on the dma-buf. The first one waits for the device. All programs that have
 * a descriptor of a dma-buf in one direction share it, with its number of maps.
 *
 * For a dma-buf that was made with IOKMEM_GET_DMA_BUF, the ioctl makes a sub-descriptor, of all
 * that the dma-buf has, of the descriptor that the dma-buf was made of.
 */
struct iokmem_with_dma_buf {
	__u32 size;
	__u32 options;
	__s32 dma_buf;
	__s32 fd;
};

#define IOKMEM_WITH_DMA_BUF	_IO(IOKMEM_IOC_TYPE, 0x0e)

/**
 * struct iokmem_revoke - argument of IOKMEM_REVOKE
 * @size: sizeof(struct iokmem_revoke)
 * @__reserved: must be 0
 *
 * Ends all use of the memory, by whomever. On return all maps of it have ended, in all
 * processes: their addresses stay reserved, and a touch gets SIGBUS. Whatever needs the memory
 * fails with ENODEV from now on. Multi-descriptors that have the descriptor as a member are
 * revoked as well. Drivers that have imported a dma-buf of it are told, if they can be. A device
 * that has the memory mapped keeps it until its driver unmaps it. The memory is freed when its
 * last user is gone.
 *
 * Allowed by the file descriptor that IOKMEM_CREATE_BUFFER or IOKMEM_CREATE_MULTI has returned,
 * and by its duplicates without IOKMEM_FD_NO_REVOKE. Only a program that is to have this right
 * should be handed such a file descriptor. To revoke again does nothing.
 */
struct iokmem_revoke {
	__u32 size;
	__u32 __reserved;
};

#define IOKMEM_REVOKE		_IO(IOKMEM_IOC_TYPE, 0x0f)

/**
 * struct iokmem_client_memory - argument of IOKMEM_CLIENT_MEMORY
 * @size: sizeof(struct iokmem_client_memory)
 * @type: which memory: a number whose meaning the driver tells
 * @fd: out: the descriptor's file descriptor, close-on-exec
 * @__reserved: must be 0
 *
 * Called on the device of a driver that offers memory in this way. The file descriptor is like
 * that of a buffer which another process has passed on. It is read-only if the driver says so, or
 * if the device is open for reading only. A process that maps the same bytes of one descriptor
 * twice gets one address, by whatever file descriptors. The driver may revoke the memory at any
 * time, for example when its device is unplugged. The file descriptor and its maps do not need the
 * device's file.
 */
struct iokmem_client_memory {
	__u32 size;
	__u32 type;
	__s32 fd;
	__u32 __reserved;
};

#define IOKMEM_CLIENT_MEMORY	_IO(IOKMEM_IOC_TYPE, 0x20)

/**
 * struct iokmem_address_range - a range of addresses
 * @address: of the first byte
 * @length: in bytes
 *
 * For drivers whose ioctls take memory of the program's.
 */
struct iokmem_address_range {
	__aligned_u64 address;
	__aligned_u64 length;
};

/**
 * struct iokmem_queue_memory - the start of the memory of a shared queue
 * @queue_size: bytes for entries, which follow this structure
 * @head: where the first entry begins, in bytes from there; the side that takes entries writes it
 * @tail: where the next entry will begin; the side that adds entries writes it. The queue is empty
 *	if it equals @head
 *
 * The layout is that of IOKit's IODataQueueMemory. Numbers have the byte order of the machine. An
 * entry is a struct iokmem_queue_entry and its data, without a gap to the next entry. An entry that
 * has no room at the end is at the start. Its size is also where the entry would have been, if
 * there is room for the size. The entries are followed by a struct iokmem_queue_appendix. libiokmem
 * has functions for both sides, and drivers have iokmem_queue_enqueue() and its neighbours.
 */
struct iokmem_queue_memory {
	__u32 queue_size;
	__u32 head;
	__u32 tail;
};

/**
 * struct iokmem_queue_entry - the start of an entry of a shared queue
 * @size: of the data that follows, in bytes
 */
struct iokmem_queue_entry {
	__u32 size;
};

/**
 * struct iokmem_queue_appendix - the end of the memory of a shared queue
 * @version: 0
 * @__reserved: 0; a message header of Mach's in IOKit
 */
struct iokmem_queue_appendix {
	__u32 version;
	__u32 __reserved[6];
};

/* Bytes of a shared queue's memory that are not for entries. */
#define IOKMEM_QUEUE_OVERHEAD		40u

#endif /* _UAPI_LINUX_IOKMEM_H */

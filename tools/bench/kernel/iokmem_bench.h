/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface between the benchmark's program and its module. */
#ifndef _IOKMEM_BENCH_MODULE_H
#define _IOKMEM_BENCH_MODULE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Kinds of memory and of maps. */
enum iokmem_bench_kind {
	IOKMEM_BENCH_IOKMEM,		/* a buffer, in the kernel */
	IOKMEM_BENCH_CONTIGUOUS,	/* a contiguous one */
	IOKMEM_BENCH_WRITE_COMBINE,	/* a write-combining one */
	IOKMEM_BENCH_TASK,		/* a buffer, in the task @id */
	IOKMEM_BENCH_DMABUF,		/* the dma-buf with the file descriptor @id */
	IOKMEM_BENCH_VMALLOC,		/* vmalloc(), which maps the memory that it creates */
};

/* Steps, in the order of the table. */
enum iokmem_bench_step {
	IOKMEM_BENCH_CREATE,	/* creating the memory */
	IOKMEM_BENCH_MAP,	/* mapping it for the first time */
	IOKMEM_BENCH_AGAIN,	/* creating and releasing another map like that */
	IOKMEM_BENCH_UNMAP,	/* releasing the first map */
	IOKMEM_BENCH_IMPORT,	/* telling a device all bus addresses, and undoing it */
	IOKMEM_BENCH_IMPORT_AGAIN, /* repeating it for a device that has kept all it can */
	IOKMEM_BENCH_DESTROY,	/* freeing the memory */
	IOKMEM_BENCH_NR_STEPS
};

/**
 * struct iokmem_bench - what to do once, and what it has cost
 * @size: of the memory, in bytes
 * @kind: enum iokmem_bench_kind
 * @id: of a task or a file descriptor
 * @cost: out: of each step; what there is not costs 0
 * @window: out: the number that it has for the profiler
 */
struct iokmem_bench {
	__aligned_u64 size;
	__u32 kind;
	__s32 id;
	__aligned_u64 cost[IOKMEM_BENCH_NR_STEPS];
	__s32 window[IOKMEM_BENCH_NR_STEPS];
};

#define IOKMEM_BENCH_RUN	_IOWR(0xBE, 0x00, struct iokmem_bench)
/* Until the module is removed, no free block of memory is larger than so many bytes. */
#define IOKMEM_BENCH_BREAK	_IOW(0xBE, 0x01, __u64)
/* Hold the lock iokmem_bench_mutex for so many instructions. */
#define IOKMEM_BENCH_HOLD	_IOW(0xBE, 0x02, __u64)

#endif /* _IOKMEM_BENCH_MODULE_H */
